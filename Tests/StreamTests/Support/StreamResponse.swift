import TestSupport

/// Reads a response with a stream out of the bytes of a connection: the head, the chunks (RFC 9112, section 7.1), and
/// the blocks of the event stream in them.
struct StreamResponse {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// Nil until the head is complete.
    private(set) var status: Int?
    /// Whether the body has ended as HTTP says that it should.
    private(set) var isComplete = false
    private(set) var lastEventID: String
    private var isChunked = false
    private var raw: [UInt8] = []
    private var text: [UInt8] = []

    init(lastEventID: String) {
        self.lastEventID = lastEventID
    }

    /// The blocks that these bytes complete.
    mutating func append(_ bytes: some Sequence<UInt8>) throws -> [ReferenceEventStream.Block] {
        raw += bytes
        if status == nil { try readHead() }
        guard status != nil else { return [] }
        let old = text.count
        while let chunk = try nextChunk() { text += chunk }
        // The service ends every line with a line feed, so that a block ends here; the reference reads what is in it.
        guard text.count > old, let end = Self.lastBlockEnd(text, from: max(0, old - 1)) else { return [] }
        let stream = ReferenceEventStream(text[..<end], lastEventID: lastEventID)
        text.removeFirst(end)
        lastEventID = stream.lastEventID
        return stream.blocks
    }

    private static func lastBlockEnd(_ text: [UInt8], from start: Int) -> Int? {
        var index = text.count - 1
        while index > start {
            if text[index] == 0x0A, text[index - 1] == 0x0A { return index + 1 }
            index -= 1
        }
        return nil
    }

    private mutating func readHead() throws {
        guard let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let lines = String(decoding: raw[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let parts = (lines.first ?? "").split(separator: " ")
        guard parts.count > 1, let code = Int(parts[1]) else { throw Malformed(description: "no head: \(lines)") }
        isChunked = lines.contains { $0.lowercased() == "transfer-encoding: chunked" }
        status = code
        raw.removeFirst(end.upperBound)
        if !isChunked { isComplete = true }
    }

    private mutating func nextChunk() throws -> [UInt8]? {
        guard !isComplete, let lineEnd = raw.firstIndex(of: 0x0D), lineEnd + 1 < raw.count else { return nil }
        let line = String(decoding: raw[..<lineEnd], as: UTF8.self)
        guard let size = Int(line, radix: 16), raw[lineEnd + 1] == 0x0A else {
            throw Malformed(description: "no chunk: \(line.prefix(80))")
        }
        let end = lineEnd + 2 + size
        guard raw.count >= end + 2 else { return nil }
        guard raw[end] == 0x0D, raw[end + 1] == 0x0A else { throw Malformed(description: "a chunk of \(size) without its end") }
        defer { raw.removeFirst(end + 2) }
        isComplete = size == 0
        return size == 0 ? nil : Array(raw[(lineEnd + 2)..<end])
    }
}
