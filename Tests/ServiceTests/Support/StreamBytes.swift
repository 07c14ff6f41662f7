import Base
import Client

/// Reads a response with a stream out of the bytes of a connection, split wherever they are.
struct StreamBytes {
    struct Malformed: Error {
        let text: String
    }

    /// Nil until the head is complete.
    private(set) var status: Int?
    private(set) var headers: [String: String] = [:]
    /// Whether the body has ended as HTTP says that it should.
    private(set) var isComplete = false
    private(set) var parser: EventStreamParser
    private var pending: [UInt8] = []

    init(lastEventID: String = "") {
        parser = EventStreamParser(lastEventID: lastEventID)
    }

    /// The events that these bytes complete.
    mutating func append(_ bytes: some Sequence<UInt8>) throws -> [ServerSentEvent] {
        pending += bytes
        if status == nil { try readHead() }
        guard status != nil else { return [] }
        var events: [ServerSentEvent] = []
        while let chunk = try nextChunk() {
            events += try parser.append(chunk).map(ServerSentEvent.init)
        }
        return events
    }

    private mutating func readHead() throws {
        guard let end = pending.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let parts = (lines.first ?? "").split(separator: " ")
        guard parts.count > 1, let code = Int(parts[1]) else { throw Malformed(text: String(lines.first ?? "")) }
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[pair[0].lowercased()] = pair.count > 1 ? pair[1].trimmingPrefix { $0 == " " }.lowercased() : ""
        }
        status = code
        pending.removeFirst(end.upperBound)
        if headers["transfer-encoding"] != "chunked" { isComplete = true }
    }

    private mutating func nextChunk() throws -> [UInt8]? {
        guard !isComplete, let lineEnd = pending.firstRange(of: Array("\r\n".utf8)) else { return nil }
        let line = String(decoding: pending[..<lineEnd.lowerBound], as: UTF8.self)
        guard let size = Int(line, radix: 16) else { throw Malformed(text: line) }
        let end = lineEnd.upperBound + size
        guard pending.count >= end + 2 else { return nil }
        let chunk = Array(pending[lineEnd.upperBound..<end])
        guard pending[end] == 0x0D, pending[end + 1] == 0x0A else { throw Malformed(text: line) }
        pending.removeFirst(end + 2)
        if size == 0 { isComplete = true }
        return size == 0 ? nil : chunk
    }
}
