package import Workflow

extension Frame {
    /// The first bytes of a stream: how long a browser waits before it connects again, and its first cursor.
    package static func opening(retry: Duration, cursor: Cursor?) -> Frame {
        let milliseconds = retry.components.seconds * 1000 + retry.components.attoseconds / 1_000_000_000_000_000
        return Frame("retry: \(milliseconds)\n" + (cursor.map { "id: \($0)\n\n" } ?? "\n"))
    }

    /// A comment; with a cursor, a reader that is narrowed to something quiet keeps up with its log.
    static func heartbeat(_ cursor: Cursor?) -> Frame {
        Frame(":\n" + (cursor.map { "id: \($0)\n\n" } ?? "\n"))
    }

    /// The body of `/state`, with its cursor.
    package static func state(_ json: [UInt8], cursor: Cursor) -> Frame {
        Frame(cursor: cursor, event: "state", data: json)
    }

    /// What the reader has can no longer be continued; it goes on from `cursor`.
    ///
    /// Where a `state` follows, that carries the cursor: a reader cut off in between must not resume after it.
    package static func reset(_ reason: ResetReason, cursor: Cursor, isFollowedByState: Bool) -> Frame {
        Frame(
            cursor: isFollowedByState ? nil : cursor, event: "reset",
            data: ["reason": .string(reason.rawValue), "cursor": .string(cursor.description)] as JSON)
    }

    /// The task is terminal, and everything of it was sent.
    static func end(status: String, cursor: Cursor) -> Frame {
        Frame(
            cursor: cursor, event: "end",
            data: ["status": .string(status), "cursor": .string(cursor.description)] as JSON)
    }

    /// The node has no room for another stream.
    package static func overloaded(retry: Duration) -> Frame {
        Frame(cursor: nil, event: "overloaded", data: ["retry_after": .integer(retry.components.seconds)] as JSON)
    }
}
