import Postgres

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
