import Base
import Workflow

/// One event as a browser dispatches it; `id` is its own, not the last one before it.
struct ReceivedEvent: Sendable, Hashable {
    var id: String?
    var type = ""
    var data = ""

    var json: JSON { (try? JSON(parsing: data)) ?? .null }
    var position: Int64? { id.flatMap(Cursor.init)?.position }
}

/// Reads a chunked body of server-sent events (RFC 9112, section 7.1; HTML, section 9.2.6).
struct EventStreamReader: Sendable {
    private var bytes: [UInt8] = []
    private var text: [UInt8] = []
    private(set) var events: [ReceivedEvent] = []
    /// What a browser would send as `Last-Event-ID`.
    private(set) var lastID: String?
    private(set) var framingError: String?
    private(set) var lines = 0
    private var pending = ReceivedEvent()

    mutating func append(_ new: some Collection<UInt8>) {
        bytes.append(contentsOf: new)
        while let chunk = takeChunk() { text += chunk }
        while let end = text.firstIndex(of: 0x0A) {
            let line = String(decoding: text[..<end], as: UTF8.self)
            text.removeFirst(end + 1)
            take(line)
        }
    }

    private mutating func takeChunk() -> [UInt8]? {
        guard framingError == nil, let end = bytes.firstIndex(of: 0x0D), end + 1 < bytes.count else { return nil }
        guard let length = Int(String(decoding: bytes[..<end], as: UTF8.self), radix: 16), bytes[end + 1] == 0x0A else {
            framingError = "not a chunk: \(String(decoding: bytes.prefix(40), as: UTF8.self))"
            return nil
        }
        guard bytes.count >= end + 2 + length + 2 else { return nil }
        let chunk = Array(bytes[(end + 2)..<(end + 2 + length)])
        guard bytes[end + 2 + length] == 0x0D, bytes[end + 3 + length] == 0x0A else {
            framingError = "a chunk without its end"
            return nil
        }
        bytes.removeFirst(end + 4 + length)
        return chunk
    }

    private mutating func take(_ line: String) {
        lines += 1
        if line.isEmpty {
            if pending.data.isEmpty, pending != ReceivedEvent() { framingError = "a block without data" }
            // These carry nothing but a cursor.
            if !pending.data.isEmpty, !["opened", "heartbeat"].contains(pending.type) { events.append(pending) }
            pending = ReceivedEvent()
        } else if let value = value(line, of: "id") {
            pending.id = value
            lastID = value.isEmpty ? nil : value
        } else if let value = value(line, of: "event") {
            pending.type = value
        } else if let value = value(line, of: "data") {
            pending.data += value
        } else if !line.hasPrefix(":"), !line.hasPrefix("retry: ") {
            framingError = "an unknown line: \(line.prefix(80))"
        }
    }

    private func value(_ line: String, of field: String) -> String? {
        line.hasPrefix(field + ": ") ? String(line.dropFirst(field.count + 2)) : nil
    }
}
