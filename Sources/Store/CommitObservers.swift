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
    package let ended: EndedWork

    package init(tenantID: String, events: LocalEvents, work: Work, ended: EndedWork = .none) {
        self.tenantID = tenantID
        self.events = events
        self.work = work
        self.ended = ended
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
    private let endedWork = Mutex(EndedWork.none)
    private let closing: PostgresQuery?
    private let closed = Mutex<PostgresResult?>(nil)

    /// - Parameter closing: the statement that reads the transaction's events back.
    init(_ connection: PostgresConnection, closing: PostgresQuery?) {
        self.connection = connection
        self.closing = closing
    }

    /// Ends the transaction together with its last statements, in one round trip: what takes the tenant's head is best among
    /// them. Returns their results. A body that does not call it leaves that to `Store.write`.
    func commit(_ queries: [PostgresQuery] = []) async throws -> [PostgresResult] {
        var results = try await connection.commit(queries + (closing.map { [$0] } ?? []))
        if closing != nil { closed.withLock { $0 = results.removeLast() } }
        return results
    }

    /// The events of the transaction, as they came back with the commit.
    var readBack: PostgresResult? { closed.withLock { $0 } }

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

    /// Has the commit observers told what the transaction ended.
    func announce(_ ended: EndedWork) {
        endedWork.withLock { $0.add(ended) }
    }

    var ended: EndedWork { endedWork.withLock { $0 } }
}
