package import NIOCore
package import Workflow

/// A piece of an event stream, encoded once and shared by everybody who gets it.
package struct Frame: Sendable {
    /// The piece as one chunk of HTTP/1.1.
    package let chunk: ByteBuffer
    /// The piece itself; the same memory as the chunk.
    package let plain: ByteBuffer

    /// Makes a frame of a text whose length in bytes is known.
    init(length: Int, write: (inout ByteBuffer) -> Void) {
        let digits = String(length, radix: 16)
        var buffer = ByteBufferAllocator().buffer(capacity: digits.utf8.count + length + 4)
        buffer.writeString(digits)
        buffer.writeStaticString("\r\n")
        let start = buffer.writerIndex
        write(&buffer)
        assert(buffer.writerIndex - start == length, "a frame of \(buffer.writerIndex - start) bytes, not \(length)")
        buffer.writeStaticString("\r\n")
        chunk = buffer
        plain = buffer.getSlice(at: start, length: length) ?? ByteBuffer()
    }

    /// Makes a frame of a text that ends with its blank line.
    package init(_ text: String) {
        self.init(length: text.utf8.count) { $0.writeString(text) }
    }

    package func bytes(_ framing: Framing) -> ByteBuffer {
        switch framing {
        case .chunked: chunk
        case .plain: plain
        }
    }
}

extension Frame {
    /// `id`, `event` and `data` (HTML, section 9.2.6); without a cursor the frame has no `id`.
    ///
    /// A raw line break would end the line: in JSON it can only be white space between tokens, so it becomes a space.
    package init(cursor: Cursor?, event: String, data: [UInt8]) {
        let id = cursor.map { "id: \($0)\n" } ?? ""
        let event = "event: \(event)\ndata: "
        self.init(length: id.utf8.count + event.utf8.count + data.count + 2) { buffer in
            buffer.writeString(id)
            buffer.writeString(event)
            let start = buffer.readableBytes
            buffer.writeBytes(data)
            buffer.withUnsafeMutableReadableBytes { bytes in
                for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D {
                    bytes[index] = 0x20
                }
            }
            buffer.writeStaticString("\n\n")
        }
    }

    package init(cursor: Cursor?, event: String, data: JSON) {
        self.init(cursor: cursor, event: event, data: data.utf8)
    }
}

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

/// Why a cursor cannot be continued.
package enum ResetReason: String, Sendable, Hashable {
    /// It belongs to another history of the database, or is ahead of this one.
    case epoch
    /// What follows it is past retention.
    case expired
}

/// How the frames of a stream are cut into the body of its response.
package enum Framing: Sendable, Hashable {
    /// HTTP/1.1: each frame is a chunk (RFC 9112, section 7.1), its header part of the shared bytes.
    case chunked
    /// The protocol below frames the body (HTTP/2).
    case plain
}
