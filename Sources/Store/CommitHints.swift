import Synchronization

/// Tells the parts of this node that something was committed, so that they need not wait for their next poll.
///
/// A hint is never data: whoever gets one reads the tables, and whoever misses one finds the change by polling.
package final class CommitHints: Sendable {
    private struct Listeners {
        var events: [@Sendable (_ tenantID: String) -> Void] = []
        var work: [@Sendable () -> Void] = []
    }

    private let listeners = Mutex(Listeners())

    package init() {}

    /// Calls `listener` after each commit of this node that may have appended events. It must not block.
    package func onEvents(_ listener: @escaping @Sendable (_ tenantID: String) -> Void) {
        listeners.withLock { $0.events.append(listener) }
    }

    /// Calls `listener` when steps or wake-ups may have become due, or running steps may have been taken away.
    package func onWork(_ listener: @escaping @Sendable () -> Void) {
        listeners.withLock { $0.work.append(listener) }
    }

    package func committed(tenantID: String) {
        for listener in listeners.withLock({ $0.events }) { listener(tenantID) }
    }

    package func workArrived() {
        for listener in listeners.withLock({ $0.work }) { listener() }
    }
}
