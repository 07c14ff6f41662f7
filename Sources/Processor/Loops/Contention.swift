import Synchronization

/// What the last look at the queue said of it.
final class Contention: Sendable {
    private let several = Mutex(false)

    /// Whether steps of several tenants waited.
    var hasSeveralTenants: Bool {
        get { several.withLock { $0 } }
        set { several.withLock { $0 = newValue } }
    }
}
