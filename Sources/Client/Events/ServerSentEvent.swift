/// One event of a `text/event-stream` (WHATWG HTML, section 9.2).
public struct ServerSentEvent: Sendable, Hashable {
    /// The `event` field; `message` when the server gave none.
    public var name: String
    /// The `data` fields, joined by line feeds.
    public var data: String
    /// The last id that the server sent, with this event or an earlier one; empty before the first.
    ///
    /// From Pressroom this is a cursor. `ownID` tells whether this very event carried it.
    public var lastEventID: String
    /// The `id` field of this event; nil when it had none, as live text has none.
    public var ownID: String?

    public init(name: String = "message", data: String, lastEventID: String = "", ownID: String? = nil) {
        self.name = name
        self.data = data
        self.lastEventID = lastEventID
        self.ownID = ownID
    }
}
