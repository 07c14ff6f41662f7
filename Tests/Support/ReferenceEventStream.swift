/// What the HTML standard (section 9.2.6, "Interpreting an event stream") makes of the bytes of an event stream.
///
/// A second implementation, to judge the others by: it takes all bytes at once and follows the standard's text step by
/// step, without regard for speed or memory.
package struct ReferenceEventStream: Sendable, Hashable {
    /// What a blank line closed.
    package struct Block: Sendable, Hashable {
        /// The type of the event; `message` when the stream gave none.
        package var name: String
        /// Nil when the block had no data field and so was no event.
        package var data: String?
        /// The `id` field of this very block, if it counted.
        package var id: String?
        /// The last event ID string after this block.
        package var lastEventID: String

        package init(name: String = "message", data: String? = nil, id: String? = nil, lastEventID: String = "") {
            self.name = name
            self.data = data
            self.id = id
            self.lastEventID = lastEventID
        }
    }

    package private(set) var blocks: [Block] = []
    package private(set) var lastEventID: String
    /// In milliseconds, as digits: the standard sets no bound.
    package private(set) var retry: String?

    package var events: [Block] { blocks.filter { $0.data != nil } }

    package init(_ bytes: some Collection<UInt8>, lastEventID: String = "") {
        self.lastEventID = lastEventID
        var lines = Self.lines(Array(bytes))
        // "One leading U+FEFF BYTE ORDER MARK character must be ignored if any are present."
        if let first = lines.first, first.starts(with: [0xEF, 0xBB, 0xBF]) { lines[0] = first.dropFirst(3) }
        var name = ""
        var data: String?
        var id: String?
        for line in lines {
            if line.isEmpty {
                self.lastEventID = id ?? self.lastEventID
                blocks.append(
                    Block(
                        name: name.isEmpty ? "message" : name, data: data.map { String($0.unicodeScalars.dropLast()) }, id: id,
                        lastEventID: self.lastEventID))
                (name, data, id) = ("", nil, nil)
                continue
            }
            let (field, value) = Self.field(line)
            switch field {
            case "event": name = value
            // "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character."
            case "data": data = (data ?? "") + value + "\n"
            case "id": if !value.unicodeScalars.contains("\0") { id = value }
            case "retry": if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { retry = value }
            default: break
            }
        }
    }

    /// Those that ended: what follows the last line end is no line, and an unclosed block is never dispatched.
    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x0A || byte == 0x0D {
                lines.append(bytes[start..<index])
                if byte == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { index += 1 }
                start = index + 1
            }
            index += 1
        }
        return lines
    }

    /// No byte of a longer UTF-8 sequence is ASCII, so that it does not matter whether one splits or decodes first.
    private static func field(_ line: ArraySlice<UInt8>) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return (String(decoding: line, as: UTF8.self), "") }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
