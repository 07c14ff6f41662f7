/// An incremental parser of `text/event-stream` (WHATWG HTML, section 9.2.6) that takes bytes split anywhere, inside a
/// UTF-8 sequence too.
///
/// Lines end with CR, LF or CRLF; a CR ends its line at once, so that no event waits for the byte after it. One byte
/// order mark at the start is skipped. Data stays bytes; in other values invalid UTF-8 becomes U+FFFD.
package struct EventStreamParser: Sendable {
    package struct Event: Sendable, Hashable {
        /// The `event` field; empty when the event has none, which means `message`.
        package var name: String
        /// The `data` fields, joined by line feeds.
        package var data: [UInt8]
        /// The `id` field of this event; nil when it has none, or one with NUL, which does not count.
        package var id: String?
        /// The last id of the stream up to and including this event; empty before the first.
        package var lastEventID: String

        package init(name: String = "", data: [UInt8], id: String? = nil, lastEventID: String = "") {
            self.name = name
            self.data = data
            self.id = id
            self.lastEventID = lastEventID
        }
    }

    /// A line, or the data of an event, is longer than the parser's bound. The parser is of no use after it.
    package struct TooLong: Error, Hashable {
        /// In bytes.
        package let limit: Int
    }

    /// The `Last-Event-ID` of the next connection; changes only at an event's blank line, also when the event has no data.
    package private(set) var lastEventID: String
    /// What the last valid `retry` field asked for; nil before the first. Fields of more than a day are ignored.
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

    /// - Parameters:
    ///   - lastEventID: the one that the connection before this ended with, so that events without an id keep it.
    ///   - maxBytes: above 0.
    package init(lastEventID: String = "", maxBytes: Int = 16 << 20) {
        self.lastEventID = lastEventID
        self.maxBytes = maxBytes
    }

    /// The events that these bytes complete, in order.
    package mutating func append(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [Event] {
        var events: [Event] = []
        let fits =
            bytes.withContiguousStorageIfAvailable { take($0, &events) }
            ?? Array(bytes).withUnsafeBufferPointer { take($0, &events) }
        guard fits else { throw TooLong(limit: maxBytes) }
        return events
    }

    /// Ends the stream, and returns the event that it cut off, if that has data.
    ///
    /// The standard drops such an event. Model servers, though, end their streams with `data: [DONE]` and no blank line.
    package mutating func finish() throws(TooLong) -> Event? {
        var events: [Event] = []
        guard line.isEmpty || endLine(&events) else { throw TooLong(limit: maxBytes) }
        dispatch(&events)
        return events.first
    }

    /// False when a bound is passed.
    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, _ events: inout [Event]) -> Bool {
        var rest = bytes[...]
        while let first = rest.first {
            if previousWasCarriageReturn, first == .lineFeed {
                // The second half of CRLF.
                previousWasCarriageReturn = false
                rest.removeFirst()
                continue
            }
            let end = rest.firstIndex { $0 == .lineFeed || $0 == .carriageReturn }
            let part = rest[..<(end ?? rest.endIndex)]
            guard part.count <= maxBytes - line.count else { return false }
            line.append(contentsOf: part)
            guard let end else {
                previousWasCarriageReturn = false
                break
            }
            previousWasCarriageReturn = rest[end] == .carriageReturn
            rest = rest[(end + 1)...]
            guard endLine(&events) else { return false }
        }
        return true
    }

    private mutating func endLine(_ events: inout [Event]) -> Bool {
        defer { line.removeAll(keepingCapacity: line.capacity < 1 << 16) }
        var content = line[...]
        if isFirstLine {
            isFirstLine = false
            if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        }
        guard !content.isEmpty else {
            dispatch(&events)
            return true
        }
        let colon = content.firstIndex(of: .colon) ?? content.endIndex
        var value = content[colon...].dropFirst()
        if value.first == .space { value = value.dropFirst() }
        return take(field: content[..<colon], value: value)
    }

    private mutating func take(field: ArraySlice<UInt8>, value: ArraySlice<UInt8>) -> Bool {
        if field.elementsEqual("data".utf8) {
            guard value.count < maxBytes - pending.data.count else { return false }
            if pending.hasData { pending.data.append(.lineFeed) }
            pending.data.append(contentsOf: value)
            pending.hasData = true
        } else if field.elementsEqual("event".utf8) {
            pending.name = Array(value)
        } else if field.elementsEqual("id".utf8) {
            if !value.contains(0) { pending.id = String(decoding: value, as: UTF8.self) }
        } else if field.elementsEqual("retry".utf8) {
            if let time = Self.reconnectionTime(value) { reconnectionTime = time }
        }
        // Comments (an empty field name) and unknown fields are ignored.
        return true
    }

    private static func reconnectionTime(_ value: ArraySlice<UInt8>) -> Duration? {
        guard !value.isEmpty, value.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let milliseconds = Int64(String(decoding: value, as: UTF8.self)), milliseconds <= 86_400_000
        else { return nil }
        return .milliseconds(milliseconds)
    }

    /// At a blank line: the id counts even when there is no data, and so no event.
    private mutating func dispatch(_ events: inout [Event]) {
        defer { pending = Pending() }
        if let id = pending.id { lastEventID = id }
        guard pending.hasData else { return }
        events.append(
            Event(
                name: String(decoding: pending.name, as: UTF8.self), data: pending.data, id: pending.id,
                lastEventID: lastEventID))
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let space = UInt8(ascii: " ")
}
