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

    /// The most events of one transaction: enough to make its cost small, few enough not to keep others waiting.
    static let batchLimit = 128

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

    /// What the writer writes next: the longest run of one scope. Empty when nothing is left; the writer then ends.
    func take(tenantID: String) -> [Entry] {
        tenants.withLock { tenants in
            guard let waiting = tenants[tenantID], let first = waiting.first else {
                tenants[tenantID] = nil
                return []
            }
            let batch = Array(waiting.prefix(Self.batchLimit).prefix { $0.scope == first.scope })
            tenants[tenantID]?.removeFirst(batch.count)
            return batch
        }
    }
}
