import Base

/// An incremental parser of `text/event-stream` that may be fed bytes split anywhere, inside a UTF-8 sequence too.
///
/// Follows the WHATWG HTML standard, section 9.2.6, with one liberty: ``finish()`` hands out an event whose blank
/// line never came, because servers end their streams with `data: [DONE]` and no blank line.
struct EventStreamParser {
    struct Event: Equatable {
        /// The `event` field, empty when the event has none.
        var name = ""
        /// The `data` fields, joined by a line feed.
        var data: [UInt8] = []
    }

    private var line: [UInt8] = []
    private var pending = Event()
    private var pendingHasData = false
    private var previousWasCarriageReturn = false
    private var isFirstLine = true

    init() {}

    /// The events that these bytes complete.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            defer { previousWasCarriageReturn = byte == .carriageReturn }
            switch byte {
            case .lineFeed where previousWasCarriageReturn:
                continue  // the second half of CRLF
            case .lineFeed, .carriageReturn:
                if let event = endLine() { events.append(event) }
            default:
                line.append(byte)
            }
        }
        return events
    }

    /// The event that was under way when the stream ended, if it had any data.
    mutating func finish() -> Event? {
        if !line.isEmpty, let event = endLine() { return event }
        return endEvent()
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        var content = line[...]
        if isFirstLine {
            isFirstLine = false
            if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        }
        guard !content.isEmpty else { return endEvent() }
        let colon = content.firstIndex(of: .colon) ?? content.endIndex
        var value = content[colon...].dropFirst()
        if value.first == .space { value = value.dropFirst() }
        switch String(decoding: content[..<colon], as: UTF8.self) {
        case "data":
            if pendingHasData { pending.data.append(.lineFeed) }
            pending.data.append(contentsOf: value)
            pendingHasData = true
        case "event":
            pending.name = String(decoding: value, as: UTF8.self)
        default:
            break  // comments (an empty name), `id`, `retry` and unknown fields
        }
        return nil
    }

    private mutating func endEvent() -> Event? {
        defer {
            pending = Event()
            pendingHasData = false
        }
        return pendingHasData ? pending : nil
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let space = UInt8(ascii: " ")
}
