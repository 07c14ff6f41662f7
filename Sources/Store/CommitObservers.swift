import Postgres
import Synchronization

/// Tells the parts of this node that something was committed, so that they need not wait for their next poll.
///
/// A hint is never data: whoever gets one reads the tables, and whoever misses one finds the change by polling. The one
/// exception are the node's own events, which come with the commit for whoever follows their log.
package final class CommitHints: Sendable {
    /// Where the events of this node's own commits go.
    package struct EventFollower: Sendable {
        let follows: @Sendable (_ tenantID: String) -> Bool
        let committed: @Sendable (_ tenantID: String, _ events: OwnEvents) -> Void

        /// - Parameters:
        ///   - follows: whether the events of a tenant are wanted. Called before each commit.
        ///   - committed: called after each commit. Commits may be told in another order than they happened. It must
        ///     not block.
        package init(
            follows: @escaping @Sendable (_ tenantID: String) -> Bool,
            committed: @escaping @Sendable (_ tenantID: String, _ events: OwnEvents) -> Void
        ) {
            self.follows = follows
            self.committed = committed
        }
    }

    private struct Listeners {
        var follower: EventFollower?
        var events: [@Sendable (_ tenantID: String) -> Void] = []
        var work: [@Sendable (_ mayEndRuns: Bool) -> Void] = []
    }

    private let listeners = Mutex(Listeners())

    package init() {}

    /// Hands the node's own events to `follower`, in place of the one before.
    package func setFollower(_ follower: EventFollower) {
        listeners.withLock { $0.follower = follower }
    }

    /// Calls `listener` after each commit of this node that may have appended events. It must not block.
    package func onEvents(_ listener: @escaping @Sendable (_ tenantID: String) -> Void) {
        listeners.withLock { $0.events.append(listener) }
    }

    /// Calls `listener` when steps or wake-ups may have become due, and says whether running steps may have been taken away
    /// from their processors (paused, cancelled). It must not block.
    package func onWork(_ listener: @escaping @Sendable (_ mayEndRuns: Bool) -> Void) {
        listeners.withLock { $0.work.append(listener) }
    }

    /// Whether a commit shall read its events back.
    func follows(tenantID: String) -> Bool {
        listeners.withLock { $0.follower }?.follows(tenantID) ?? false
    }

    package func committed(tenantID: String, events: OwnEvents) {
        let (follower, listeners) = listeners.withLock { ($0.follower, $0.events) }
        follower?.committed(tenantID, events)
        for listener in listeners { listener(tenantID) }
    }

    package func workArrived(mayEndRuns: Bool = true) {
        for listener in listeners.withLock({ $0.work }) { listener(mayEndRuns) }
    }
}

/// The events of a commit of this node, as far as they came back with it.
package enum OwnEvents: Sendable {
    /// It appended none.
    case none
    /// Its events, or the first of them: the page says whether there are more.
    case page(EventPage)
    /// Nobody wanted them before the commit, or they cannot be read.
    case unread

    /// - Parameter rows: what `Store.ownEventsQuery` found; nil when it did not run.
    init(_ rows: PostgresResult?) {
        guard let rows else {
            self = .unread
            return
        }
        // The commit has happened: what cannot be read now is left to the tailer.
        do { self = try EventPage(rows).map(Self.page) ?? .none } catch { self = .unread }
    }
}
