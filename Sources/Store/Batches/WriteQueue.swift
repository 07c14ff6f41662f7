import Synchronization

/// Small writes that wait for a transaction, such as applications' events and new tasks.
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

    /// The most writes of one transaction, and about the most bytes: enough to make its cost small, few enough not to
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
