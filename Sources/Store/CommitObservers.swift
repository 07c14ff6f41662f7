package import Postgres
import Synchronization

/// Is told of the commits of this node, after each of them, so that a part of the node need not wait for its next poll.
///
/// What it is told is no data: the tables are, and what an observer misses it finds by polling. The exception are the
/// events of the commit itself, for the tenants that an observer follows.
package protocol CommitObserver: Sendable {
    /// Whether a commit of this tenant shall read its events back. Called before each commit.
    func follows(tenantID: String) -> Bool
    /// Commits may be told in another order than they happened. It must not block.
    func committed(_ commit: Commit)
}

extension CommitObserver {
    package func follows(tenantID: String) -> Bool { false }
}

/// What observers learn of a committed transaction.
package struct Commit: Sendable {
    /// Whether processors have something to look for.
    package enum Work: Int, Sendable, Comparable {
        case none
        /// Steps or wake-ups may have become due.
        case due
        /// The same, and running steps may have been taken from their processors (paused, cancelled).
        case dueOrEnded

        package static func < (left: Work, right: Work) -> Bool { left.rawValue < right.rawValue }
    }

    package let tenantID: String
    package let events: LocalEvents
    package let work: Work

    package init(tenantID: String, events: LocalEvents, work: Work) {
        self.tenantID = tenantID
        self.events = events
        self.work = work
    }
}

/// The events of a commit of this node, as far as they came back with it.
package enum LocalEvents: Sendable {
    /// It appended none.
    case none
    /// Its events, or the first of them: the page says whether there are more.
    case page(EventPage)
    /// No observer followed the tenant before the commit, or they cannot be read.
    case unread

    /// - Parameter rows: what `Store.localEventsQuery` found; nil when it did not run.
    init(_ rows: PostgresResult?) {
        guard let rows else {
            self = .unread
            return
        }
        // The commit has happened: what cannot be read now is left to the tailer.
        do { self = try EventPage(rows).map(Self.page) ?? .none } catch { self = .unread }
    }
}

/// An open transaction of `Store.write`.
package final class WriteTransaction: Sendable {
    package let connection: PostgresConnection
    private let announced = Mutex(Commit.Work.none)

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    package func query(_ query: PostgresQuery) async throws -> PostgresResult {
        try await connection.query(query)
    }

    package func pipeline(_ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        try await connection.pipeline(queries)
    }

    /// Has the commit observers told that the transaction made work for processors.
    func announce(_ work: Commit.Work) {
        announced.withLock { $0 = max($0, work) }
    }

    var work: Commit.Work { announced.withLock { $0 } }
}

/// A commit observer for those that are made after the store.
package final class CommitHints: CommitObserver {
    /// Where the events of this node's own commits go.
    package struct EventFollower: Sendable {
        let follows: @Sendable (_ tenantID: String) -> Bool
        let committed: @Sendable (_ tenantID: String, _ events: LocalEvents) -> Void

        /// - Parameters:
        ///   - follows: whether the events of a tenant are wanted. Called before each commit.
        ///   - committed: called after each commit. Commits may be told in another order than they happened. It must
        ///     not block.
        package init(
            follows: @escaping @Sendable (_ tenantID: String) -> Bool,
            committed: @escaping @Sendable (_ tenantID: String, _ events: LocalEvents) -> Void
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

    /// Calls `listener` when steps or wake-ups may have become due, and says whether running steps may have been taken
    /// from their processors (paused, cancelled). It must not block.
    package func onWork(_ listener: @escaping @Sendable (_ mayEndRuns: Bool) -> Void) {
        listeners.withLock { $0.work.append(listener) }
    }

    package func follows(tenantID: String) -> Bool {
        listeners.withLock { $0.follower }?.follows(tenantID) ?? false
    }

    package func committed(_ commit: Commit) {
        committed(tenantID: commit.tenantID, events: commit.events)
        if commit.work > .none { workArrived(mayEndRuns: commit.work == .dueOrEnded) }
    }

    package func committed(tenantID: String, events: LocalEvents) {
        let (follower, listeners) = listeners.withLock { ($0.follower, $0.events) }
        follower?.committed(tenantID, events)
        for listener in listeners { listener(tenantID) }
    }

    package func workArrived(mayEndRuns: Bool = true) {
        for listener in listeners.withLock({ $0.work }) { listener(mayEndRuns) }
    }
}
