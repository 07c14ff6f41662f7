import Synchronization
import Workflow

/// Applications' events that wait to be written.
///
/// A tenant's events take turns at its stream head anyway. So one writer works for a tenant at a time, and what comes
/// while it writes shares the next transaction: the faster events come, the fewer commits each costs.
final class CustomEventQueue: Sendable {
    struct Entry: Sendable {
        let scope: Scope
        let event: CustomEvent
        let continuation: CheckedContinuation<Cursor, any Error>
    }

    /// The most events of one transaction, and about the most bytes of their data: enough to make its cost small, few
    /// enough not to keep others waiting. A single event may be larger.
    static let batchLimit = 128
    static let batchBytes = 1 << 20

    /// Tenants with a writer at work, and what waits for it.
    private let tenants = Mutex<[String: [Entry]]>([:])

    /// Adds an event; true when the tenant has no writer, and the caller must start one.
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
                waiting.prefix(Self.batchLimit).prefix { entry in
                    defer { bytes += entry.event.data.utf8.count }
                    return entry.scope == first.scope && (bytes == 0 || bytes + entry.event.data.utf8.count <= Self.batchBytes)
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
