import Postgres
import Synchronization

/// Small writes that wait for a transaction: applications' events and new tasks.
///
/// A tenant's writes take turns at its stream head anyway. So one writer works for a tenant at a time, and what comes
/// while it writes shares the next transaction: the faster they come, the fewer commits each costs.
final class WriteQueue<Value: Sendable, Answer: Sendable>: Sendable {
    struct Entry: Sendable {
        let scope: Scope
        let value: Value
        /// About how much it writes.
        let bytes: Int
        let continuation: CheckedContinuation<Answer, any Error>
    }

    /// The limits of one transaction, of which bytes are estimated: enough to make its cost small, few enough not to
    /// keep others waiting. A single write may be larger.
    private let countLimit = 128
    private let byteLimit = 1 << 20

    /// Tenants with a writer at work, and what waits for it.
    private let tenants = Mutex<[String: [Entry]]>([:])

    /// Adds a write; true when the tenant has no writer, and the caller must start one.
    func add(_ entry: Entry) -> Bool {
        tenants.withLock { tenants in
            let isIdle = tenants[entry.scope.tenantID] == nil
            tenants[entry.scope.tenantID, default: []].append(entry)
            return isIdle
        }
    }

    /// What the writer writes next: the longest run of one scope that is not too large. Empty when nothing is left; the
    /// writer then ends.
    func take(tenantID: String) -> [Entry] {
        tenants.withLock { tenants in
            guard let waiting = tenants[tenantID], let first = waiting.first else {
                tenants[tenantID] = nil
                return []
            }
            var bytes = 0
            let batch = Array(
                waiting.prefix(countLimit).prefix { entry in
                    defer { bytes += entry.bytes }
                    return entry.scope == first.scope && (bytes == 0 || bytes + entry.bytes <= byteLimit)
                })
            tenants[tenantID]?.removeFirst(batch.count)
            return batch
        }
    }

    /// Everything that waits for a tenant's writer.
    func takeAll(tenantID: String) -> [Entry] {
        tenants.withLock { tenants in
            defer { tenants[tenantID] = [] }
            return tenants[tenantID] ?? []
        }
    }
}

extension Store {
    /// Writes a value together with others that come at the same time. Once called it is written, also when the caller is
    /// cancelled.
    ///
    /// - Parameters:
    ///   - together: writes values of one scope in one transaction; nil for those that have to be written alone.
    ///   - alone: writes one, in a transaction of its own.
    func write<Value, Answer>(
        _ value: Value, _ scope: Scope, bytes: Int, through queue: WriteQueue<Value, Answer>,
        together: @escaping @Sendable (Scope, [Value]) async throws -> [Answer?],
        alone: @escaping @Sendable (Scope, Value) async throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let entry = WriteQueue<Value, Answer>.Entry(scope: scope, value: value, bytes: bytes, continuation: continuation)
            guard queue.add(entry) else { return }
            // It waits for the database most of its time.
            Task(executorPreference: PollerExecutor.shared) {
                while case let batch = queue.take(tenantID: scope.tenantID), !batch.isEmpty {
                    await Self.write(batch, queue, together, alone)
                }
            }
        }
    }

    private static func write<Value, Answer>(
        _ batch: [WriteQueue<Value, Answer>.Entry], _ queue: WriteQueue<Value, Answer>,
        _ together: @Sendable (Scope, [Value]) async throws -> [Answer?],
        _ alone: @escaping @Sendable (Scope, Value) async throws -> Answer
    ) async {
        @Sendable func writeAlone(_ entry: WriteQueue<Value, Answer>.Entry) async {
            do {
                entry.continuation.resume(returning: try await alone(entry.scope, entry.value))
            } catch {
                entry.continuation.resume(throwing: error)
            }
        }
        do {
            for (entry, answer) in zip(batch, try await together(batch[0].scope, batch.map { $0.value })) {
                if let answer {
                    entry.continuation.resume(returning: answer)
                } else {
                    // It waits for what it needs, without keeping the tenant's other writes waiting.
                    Task { await writeAlone(entry) }
                }
            }
        } catch let error as PostgresError where error.sqlState != nil && batch.count > 1 {
            // Nothing of the batch is written. Each by itself: one of them is the cause, or all of them fail.
            for entry in batch { await writeAlone(entry) }
        } catch {
            // The database cannot be reached: those that wait need not find out again.
            for entry in batch + queue.takeAll(tenantID: batch[0].scope.tenantID) { entry.continuation.resume(throwing: error) }
        }
    }
}
