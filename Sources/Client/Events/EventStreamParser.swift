import Base

/// An incremental parser of `text/event-stream` (WHATWG HTML, section 9.2.6) that may be fed bytes split anywhere.
///
/// Lines end with CR, LF or CRLF; a CR ends its line at once, so that no event waits for the byte after it. One byte
/// order mark at the start is skipped, invalid UTF-8 becomes U+FFFD, and an event that the end of the stream cuts off
/// is dropped.
package struct EventStreamParser: Sendable {
    /// The `lastEventID` that the next connection has to send; changes only at an event's blank line.
    package private(set) var lastEventID: String
    /// What the last `retry` field said; nil before the first.
    package private(set) var reconnectionTime: Duration?
    /// The most bytes of a line, and of an event's data.
    package let maxBytes: Int

    private var line: [UInt8] = []
    private var previousWasCarriageReturn = false
    private var isFirstLine = true
    private var pending = Pending()

    /// The buffers of the event under way.
    private struct Pending {
        var name: [UInt8] = []
        var data: [UInt8] = []
        var hasData = false
        var id: String?
    }

    /// `lastEventID` is what the connection before this one ended with, so that events without an id keep it.
    package init(lastEventID: String = "", maxBytes: Int = 16 << 20) {
        self.lastEventID = lastEventID
        self.maxBytes = maxBytes
    }

    /// The events that these bytes complete, in order; throws when a line or an event passes the bound.
    package mutating func append(_ bytes: some Sequence<UInt8>) throws(EventStreamError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let followsCarriageReturn = previousWasCarriageReturn
            previousWasCarriageReturn = byte == .carriageReturn
            switch byte {
            case .lineFeed where followsCarriageReturn:
                continue  // the second half of CRLF
            case .lineFeed, .carriageReturn:
                if let event = try endLine() { events.append(event) }
            default:
                guard line.count < maxBytes else { throw .tooLong(limit: maxBytes) }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(EventStreamError) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: line.capacity < 1 << 16) }
        var content = line[...]
        if isFirstLine {
            isFirstLine = false
            if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        }
        guard !content.isEmpty else { return dispatch() }
        let colon = content.firstIndex(of: .colon) ?? content.endIndex
        var value = content[colon...].dropFirst()
        if value.first == .space { value = value.dropFirst() }
        try take(field: content[..<colon], value: value)
        return nil
    }

    private mutating func take(field: ArraySlice<UInt8>, value: ArraySlice<UInt8>) throws(EventStreamError) {
        if field.elementsEqual("data".utf8) {
            guard pending.data.count + value.count < maxBytes else { throw .tooLong(limit: maxBytes) }
            if pending.hasData { pending.data.append(.lineFeed) }
            pending.data.append(contentsOf: value)
            pending.hasData = true
        } else if field.elementsEqual("event".utf8) {
            pending.name = Array(value)
        } else if field.elementsEqual("id".utf8) {
            if !value.contains(0) { pending.id = String(decoding: value, as: UTF8.self) }
        } else if field.elementsEqual("retry".utf8) {
            guard !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }),
                let milliseconds = Int64(String(decoding: value, as: UTF8.self)), milliseconds <= 86_400_000
            else { return }
            reconnectionTime = .milliseconds(milliseconds)
        }
        // Comments (an empty field name) and unknown fields are ignored.
    }

    /// At a blank line: the id counts even when there is no data, and so nothing to dispatch.
    private mutating func dispatch() -> ServerSentEvent? {
        defer { pending = Pending() }
        if let id = pending.id { lastEventID = id }
        guard pending.hasData else { return nil }
        return ServerSentEvent(
            name: pending.name.isEmpty ? "message" : String(decoding: pending.name, as: UTF8.self),
            data: String(decoding: pending.data, as: UTF8.self),
            lastEventID: lastEventID,
            ownID: pending.id)
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let space = UInt8(ascii: " ")
}
