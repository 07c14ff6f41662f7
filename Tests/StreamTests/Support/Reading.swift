import Base
import TestSupport
import Workflow

/// What a reader has got so far, over all its connections.
struct Reading: Sendable {
    struct Event: Sendable {
        let position: Int64
        let name: String
        let data: String
    }

    struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    /// Every event after this is to come; nil until the service has said where the stream begins.
    private(set) var base: Int64?
    /// The state from which a fold goes on; nil when it begins with the events.
    private(set) var state: JSON?
    private(set) var events: [Event] = []
    private(set) var resets = 0
    private(set) var sawEnd = false

    init() {}

    /// Goes on from the body of `GET …/state`.
    init(state: JSON) throws {
        guard let cursor = state["cursor"]?.string.flatMap({ Cursor($0) }) else { throw Wrong(description: "no cursor: \(state)") }
        self.state = state
        base = cursor.position
    }

    init(cursor: Cursor) {
        base = cursor.position
    }

    mutating func take(_ block: ReferenceEventStream.Block) throws {
        let position = try block.id.map { id in
            guard let cursor = Cursor(id) else { throw Wrong(description: "the id \(id) is no cursor") }
            return cursor.position
        }
        guard let data = block.data else { throw Wrong(description: "a block without data, with the id \(block.id ?? "")") }
        switch block.name {
        case "opened", "heartbeat":
            // Everything up to there has been sent.
            if base == nil { base = position }
        case "state":
            self = try Reading(state: JSON(parsing: data), resets: resets)
        case "reset":
            // Before a state it has the id that the reader came with.
            let cursor = try JSON(parsing: data)["cursor"]?.string.flatMap { Cursor($0) }
            self = Reading(base: cursor?.position, resets: resets + 1)
        case "end":
            sawEnd = true
        default:
            guard let position else { throw Wrong(description: "\(block.name) has no id") }
            events.append(Event(position: position, name: block.name, data: data))
        }
    }

    private init(state: JSON, resets: Int) throws {
        try self.init(state: state)
        self.resets = resets
    }

    private init(base: Int64?, resets: Int) {
        self.base = base
        self.resets = resets
    }
}
