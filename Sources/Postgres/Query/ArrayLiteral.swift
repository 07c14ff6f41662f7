/// PostgreSQL's text form of arrays (documentation, "Array Input and Output Syntax").
enum ArrayLiteral {
    /// An element in double quotes: always legal, and keeps `NULL`, spaces and braces literal.
    static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return "\"" + text + "\"" }
        var bytes = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return String(decoding: bytes + [UInt8(ascii: "\"")], as: UTF8.self)
    }

    /// The elements of the outermost dimension as text (`nil` is NULL); inner dimensions stay literals.
    /// Returns `nil` when the text is no array literal.
    static func elements(_ text: UnsafeBufferPointer<UInt8>) -> [[UInt8]?]? {
        var position = text.startIndex
        // A literal with lower bounds other than 1: [0:2]={…}
        if position < text.endIndex, text[position] == UInt8(ascii: "[") {
            guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            position = equals + 1
        }
        guard position < text.endIndex, text[position] == UInt8(ascii: "{") else { return nil }
        position += 1
        if position == text.endIndex - 1, text[position] == UInt8(ascii: "}") { return [] }
        var elements: [[UInt8]?] = []
        while true {
            guard let element = element(text, &position) else { return nil }
            elements.append(element)
            guard position < text.endIndex else { return nil }
            switch text[position] {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"): return position == text.endIndex - 1 ? elements : nil
            default: return nil
            }
        }
    }

    private static func element(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> [UInt8]?? {
        guard position < text.endIndex else { return .none }
        switch text[position] {
        case UInt8(ascii: "\""): return quotedElement(text, &position).map { .some($0) } ?? .none
        case UInt8(ascii: "{"): return nestedElement(text, &position).map { .some($0) } ?? .none
        default:
            let start = position
            while position < text.endIndex, text[position] != UInt8(ascii: ","), text[position] != UInt8(ascii: "}") {
                position += 1
            }
            let bytes = Array(text[start..<position])
            if bytes.isEmpty { return .none }
            return bytes == Array("NULL".utf8) ? .some(nil) : .some(bytes)
        }
    }

    private static func quotedElement(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        position += 1
        while position < text.endIndex {
            switch text[position] {
            case UInt8(ascii: "\""):
                position += 1
                return bytes
            case UInt8(ascii: "\\"):
                guard position + 1 < text.endIndex else { return nil }
                bytes.append(text[position + 1])
                position += 2
            case let byte:
                bytes.append(byte)
                position += 1
            }
        }
        return nil
    }

    private static func nestedElement(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> [UInt8]? {
        let start = position
        var depth = 0
        var isQuoted = false
        while position < text.endIndex {
            switch text[position] {
            case UInt8(ascii: "\\"): position += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "{") where !isQuoted: depth += 1
            case UInt8(ascii: "}") where !isQuoted: depth -= 1
            default: break
            }
            position += 1
            if depth == 0 { return Array(text[start..<min(position, text.endIndex)]) }
        }
        return nil
    }
}
