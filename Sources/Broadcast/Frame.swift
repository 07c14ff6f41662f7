package import Base
package import NIOCore
package import Workflow

/// A piece of an event stream, encoded once and shared by all streams that send it.
package struct Frame: Sendable {
    /// The piece as one chunk of HTTP/1.1.
    package let chunk: ByteBuffer
    /// The piece without a chunk around it, in the same memory.
    package let plain: ByteBuffer

    /// Makes a frame of a text of `length` bytes, which `write` appends to the buffer.
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
    /// `id`, `event` and `data` (HTML, section 9.2.6). Without a cursor the frame has no `id`.
    ///
    /// A raw line break would end the line. In JSON it can only be white space between tokens, so it becomes a space.
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
    /// The first bytes of a stream: how long a browser waits before it connects again, and the first cursor.
    package static func opening(retry: Duration, cursor: Cursor?) -> Frame {
        let milliseconds = retry.components.seconds * 1000 + retry.components.attoseconds / 1_000_000_000_000_000
        return Frame("retry: \(milliseconds)\n" + (cursor.map { "id: \($0)\n\n" } ?? "\n"))
    }

    /// A comment. With the cursor, the reader of a stream that is narrowed to something quiet keeps up with the log.
    static func heartbeat(_ cursor: Cursor?) -> Frame {
        Frame(":\n" + (cursor.map { "id: \($0)\n\n" } ?? "\n"))
    }

    /// The body of `/state`, with its cursor.
    package static func state(_ json: [UInt8], cursor: Cursor) -> Frame {
        Frame(cursor: cursor, event: EventType.state.rawValue, data: json)
    }

    /// The reader's cursor cannot be continued; the stream goes on from `cursor`.
    ///
    /// Where a `state` follows, only that has an `id`: a reader whose connection breaks in between must not resume after it.
    package static func reset(_ reason: ResetReason, cursor: Cursor, isFollowedByState: Bool) -> Frame {
        Frame(
            cursor: isFollowedByState ? nil : cursor, event: EventType.reset.rawValue,
            data: ["cursor": .string(cursor.description), "reason": .string(reason.rawValue)] as JSON)
    }

    /// The task is terminal, and all of its events were sent.
    static func end(status: String, cursor: Cursor) -> Frame {
        Frame(
            cursor: cursor, event: EventType.end.rawValue,
            data: ["cursor": .string(cursor.description), "status": .string(status)] as JSON)
    }

    /// The node has no capacity for another stream.
    package static func overloaded(retry: Duration) -> Frame {
        Frame(cursor: nil, event: EventType.overloaded.rawValue, data: ["retry_after": .integer(retry.components.seconds)] as JSON)
    }
}

/// Why a cursor cannot be continued.
package enum ResetReason: String, Sendable, Hashable {
    /// It belongs to another history of the database, or is ahead of this one.
    case epoch
    /// Events after it are past retention.
    case expired
}

/// How the body of a response carries the frames of a stream.
package enum Framing: Sendable, Hashable {
    /// HTTP/1.1: each frame is a chunk (RFC 9112, section 7.1), its header part of the shared bytes.
    case chunked
    /// HTTP/2, which frames the body itself.
    case plain
}
