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
        let data = LineSeparators.escaped(data)
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
    /// The frame of an event with what a view leaves of its rows.
    func showing(_ view: RowView) -> Frame {
        let text = Array(plain.readableBytesView)
        let marker = Array("\ndata: ".utf8)
        guard let start = text.indices.first(where: { text[$0...].starts(with: marker) }).map({ $0 + marker.count }) else {
            return self
        }
        // What cannot be read is left out: it might hold what the view hides.
        let document = (try? JSON(parsing: Array(text[start...]), limits: .stored)).map(view.document) ?? [:]
        let data = LineSeparators.escaped(document.utf8)
        return Frame(length: start + data.count + 2) { buffer in
            buffer.writeBytes(text[..<start])
            buffer.writeBytes(data)
            buffer.writeStaticString("\n\n")
        }
    }

    /// The first frame of a stream, which also says how long a browser waits before it connects again. No block is without
    /// data: some readers make an empty event of one.
    /// - Parameters:
    ///   - event: what the stream begins with; nil for nothing but its cursor, in `opened`.
    ///   - cursor: the `id` of an event that has none.
    package static func first(_ event: Frame?, retry: Duration, cursor: Cursor?) -> Frame {
        let milliseconds = retry.components.seconds * 1000 + retry.components.attoseconds / 1_000_000_000_000_000
        let event = event ?? Frame(cursor: cursor, event: "opened", data: cursorDocument(cursor))
        var head = "retry: \(milliseconds)\n"
        if let cursor, !event.plain.readableBytesView.starts(with: "id: ".utf8) { head += "id: \(cursor)\n" }
        return Frame(length: head.utf8.count + event.plain.readableBytes) { buffer in
            buffer.writeString(head)
            buffer.writeImmutableBuffer(event.plain)
        }
    }

    /// Shows that the connection lives: a comment. With a cursor, the reader of a stream that is narrowed to something quiet
    /// keeps up with the log.
    static func heartbeat(_ cursor: Cursor?) -> Frame {
        guard let cursor else { return Frame(":\n") }
        return Frame(cursor: cursor, event: "heartbeat", data: cursorDocument(cursor))
    }

    private static func cursorDocument(_ cursor: Cursor?) -> JSON {
        ["cursor": cursor.map { .string($0.description) } ?? .null]
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

    /// The last frame of a stream whose credential has ended.
    package static func credentialsExpired(_ end: CredentialEnd, cursor: Cursor?) -> Frame {
        Frame(
            cursor: cursor, event: EventType.credentialsExpired.rawValue,
            data: ["cursor": cursor.map { .string($0.description) } ?? .null, "reason": .string(end.rawValue)] as JSON)
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

/// Characters besides carriage return and line feed that end a line for some readers, such as Python's `splitlines`:
/// U+0085, U+2028 and U+2029.
enum LineSeparators {
    /// A JSON document with escapes in place of these characters, which it can only have in texts.
    static func escaped(_ json: [UInt8]) -> [UInt8] {
        guard mayHaveAny(json) else { return json }
        var escaped: [UInt8] = []
        var copied = 0
        var index = 0
        while index < json.count {
            guard let (length, escape) = separator(in: json, at: index) else {
                index += 1
                continue
            }
            escaped += json[copied..<index]
            escaped += Array(escape.utf8)
            index += length
            copied = index
        }
        if copied == 0 { return json }
        return escaped + json[copied...]
    }

    /// Whether any byte is a lead byte of these characters, 0xC2 or 0xE2. Without an early exit, so that it is done in vectors.
    private static func mayHaveAny(_ json: [UInt8]) -> Bool {
        json.withUnsafeBufferPointer { bytes in
            var found: UInt8 = 0
            for byte in bytes { found |= byte & 0xDF == 0xC2 ? 1 : 0 }
            return found != 0
        }
    }

    private static func separator(in json: [UInt8], at index: Int) -> (length: Int, escape: String)? {
        switch json[index] {
        case 0xC2 where index + 1 < json.count && json[index + 1] == 0x85: (2, #"\u0085"#)
        case 0xE2 where index + 2 < json.count && json[index + 1] == 0x80:
            switch json[index + 2] {
            case 0xA8: (3, #"\u2028"#)
            case 0xA9: (3, #"\u2029"#)
            default: nil
            }
        default: nil
        }
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
    /// HTTP/2, which frames the body itself, and HTTP/1.0, which has no frames.
    case plain
}

/// How the credential of a stream has ended.
package enum CredentialEnd: String, Sendable, Hashable {
    /// Its time is over.
    case expired
    /// Its key was revoked, or its tenant is gone.
    case revoked
    /// What it may see has changed.
    case access
}
