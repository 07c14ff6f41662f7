/// A strict parser of RFC 8259 texts, over bytes that must be valid UTF-8. Nesting takes no stack.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    /// The arrays and objects around the current position, the outermost first.
    private var open: [OpenContainer] = []

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parseDocument() throws(JSONParseError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure("a byte order mark is not allowed") }
        while true {
            guard let value = try parseStart() else { continue }
            if let document = try close(with: value) {
                skipWhitespace()
                guard position == bytes.count else { throw failure("unexpected text after the value") }
                return document
            }
        }
    }

    /// Reads a scalar or an empty container; nil where a container was opened.
    private mutating func parseStart() throws(JSONParseError) -> JSON? {
        skipWhitespace()
        guard position < bytes.count else { throw failure("unexpected end of the text") }
        switch bytes[position] {
        case UInt8(ascii: "{"):
            try enter()
            if consume(UInt8(ascii: "}")) { return .object([:]) }
            open.append(OpenContainer(isObject: true))
            try parseKey()
            return nil
        case UInt8(ascii: "["):
            try enter()
            if consume(UInt8(ascii: "]")) { return .array([]) }
            open.append(OpenContainer(isObject: false))
            return nil
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
        default: throw failure("expected a value")
        }
    }

    private mutating func enter() throws(JSONParseError) {
        guard open.count < limits.depth else { throw failure("nested deeper than \(limits.depth)", isLimit: true) }
        position += 1
        skipWhitespace()
    }

    /// Adds a value to the container around it, and closes the containers that end behind it. Returns the document when
    /// all of them are closed.
    private mutating func close(with value: JSON) throws(JSONParseError) -> JSON? {
        var value = value
        while let last = open.indices.last {
            open[last].add(value)
            skipWhitespace()
            if consume(UInt8(ascii: ",")) {
                if open[last].isObject { try parseKey() }
                return nil
            }
            let isObject = open[last].isObject
            guard consume(UInt8(ascii: isObject ? "}" : "]")) else { throw failure("expected ',' or '\(isObject ? "}" : "]")'") }
            value = open.removeLast().value
        }
        return value
    }

    /// The key of the next member, with its colon.
    private mutating func parseKey() throws(JSONParseError) {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw failure("expected a key in double quotes") }
        let start = position
        let key = try parseString()
        let last = open.count - 1
        if limits.refusesRepeatedKeys, open[last].members[key] != nil {
            position = start
            throw failure("has the key '\(key.prefix(80))' twice", at: pointer)
        }
        open[last].key = key
        skipWhitespace()
        guard consume(UInt8(ascii: ":")) else { throw failure("expected ':' after a key") }
    }

    /// The JSON pointer of the innermost open container.
    private var pointer: String {
        open.dropLast().reduce("") { pointer, container in
            container.isObject
                ? JSONPointer.appending(container.key, to: pointer)
                : JSONPointer.appending(container.elements.count, to: pointer)
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONParseError) -> JSON {
        let end = position + word.utf8CodeUnitCount
        let matches = end <= bytes.count && word.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
        guard matches else { throw failure("expected a value") }
        position = end
        return value
    }

    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func consume(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// The error at the current position.
    ///
    /// - Parameter pointer: the value that is wrong, where the text as a whole can be read.
    func failure(_ reason: String, at pointer: String? = nil, isLimit: Bool = false) -> JSONParseError {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == 0x0A } + 1
        let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return JSONParseError(
            reason: reason, offset: position, line: line, column: column, isLimit: isLimit, pointer: pointer)
    }
}

/// An array or object whose end has not been read.
private struct OpenContainer {
    let isObject: Bool
    var elements: [JSON] = []
    var members: JSONObject = [:]
    /// Of the member that is being read.
    var key = ""

    init(isObject: Bool) {
        self.isObject = isObject
    }

    mutating func add(_ value: JSON) {
        if isObject { members[key] = value } else { elements.append(value) }
    }

    var value: JSON { isObject ? .object(members) : .array(elements) }
}

// MARK: - Numbers

extension JSONParser {
    mutating func parseNumber() throws(JSONParseError) -> JSON {
        let start = position
        var isWhole = true
        _ = consume(UInt8(ascii: "-"))
        if consume(UInt8(ascii: "0")) {
            if position < bytes.count, isDigit(bytes[position]) { throw failure("a number must not start with 0") }
        } else {
            try skipDigits()
        }
        if consume(UInt8(ascii: ".")) {
            isWhole = false
            try skipDigits()
        }
        if consume(UInt8(ascii: "e")) || consume(UInt8(ascii: "E")) {
            isWhole = false
            if !consume(UInt8(ascii: "+")) { _ = consume(UInt8(ascii: "-")) }
            try skipDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        if isWhole, text.utf8.count <= limits.digits { return .decimal(text) }
        if !isWhole, let value = Double(text) {
            // A double tells all numbers of 15 digits apart, unless it is very small.
            if value.isNormal, text.utf8.count <= 16 { return .number(value) }
            let digits = DecimalNumber(text)
            if let digits, digits.isSame(as: value) { return .number(value) }
            if let digits, digits.plainCount <= limits.digits { return .decimal(text) }
            // Below what a double can tell apart.
            if value.isFinite { return .number(value) }
        }
        position = start
        throw failure("the number is too large", isLimit: true)
    }

    private mutating func skipDigits() throws(JSONParseError) {
        let start = position
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

// MARK: - Texts

extension JSONParser {
    mutating func parseString() throws(JSONParseError) -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\"),
            bytes[position] >= 0x20
        {
            position += 1
        }
        // Most texts have no escape: one validated copy, nothing else.
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            let text = try validated(bytes[start..<position], from: start)
            position += 1
            return text
        }
        return try parseEscapedString(from: start)
    }

    private mutating func parseEscapedString(from start: Int) throws(JSONParseError) -> String {
        var buffer = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let text = try validated(buffer[...], from: start)
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try parseEscape(into: &buffer)
            case 0..<0x20:
                throw failure("control characters must be escaped in a text")
            default:
                buffer.append(byte)
                position += 1
            }
        }
        throw failure("the text is not closed")
    }

    private func validated(_ slice: ArraySlice<UInt8>, from start: Int) throws(JSONParseError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            var at = self
            at.position = start
            throw at.failure("the text is not valid UTF-8")
        }
        return text
    }

    private mutating func parseEscape(into buffer: inout [UInt8]) throws(JSONParseError) {
        guard position < bytes.count else { throw failure("the text is not closed") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): try parseUnicodeEscape(into: &buffer)
        default:
            position -= 1
            throw failure("unknown escape")
        }
    }

    private mutating func parseUnicodeEscape(into buffer: inout [UInt8]) throws(JSONParseError) {
        let first = try parseHexDigits()
        var code = first
        if (0xD800..<0xDC00).contains(first) {
            guard consume(UInt8(ascii: "\\")), consume(UInt8(ascii: "u")) else { throw failure("a lone surrogate") }
            let second = try parseHexDigits()
            guard (0xDC00..<0xE000).contains(second) else { throw failure("a lone surrogate") }
            code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("a lone surrogate") }
        buffer.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
    }

    private mutating func parseHexDigits() throws(JSONParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

/// How much a JSON text may ask for. What comes in is bounded well below what is read from rows: the service wraps documents
/// in others, and must be able to read what it has written.
package struct JSONLimits: Sendable {
    /// How deep arrays and objects may be nested.
    package var depth: Int
    /// How many digits a number beyond 64 bits, or with more digits than a double has, may take when it is written without
    /// an exponent.
    package var digits: Int
    /// Whether a key that comes twice in an object is an error; otherwise its last value holds.
    package var refusesRepeatedKeys = false

    package init(depth: Int, digits: Int) {
        self.depth = depth
        self.digits = digits
    }

    /// For everything that comes from outside: requests, answers of models and servers, definitions.
    package static let input = JSONLimits(depth: 64, digits: 400)

    /// For what expressions find and phases bring: both may wrap inputs many times.
    package static let made = JSONLimits(depth: 128, digits: 400)

    /// For rows and what is built of them. PostgreSQL's `numeric` has at most 131,072 digits before the point and 16,383
    /// behind it. The functions of `JSON` need less than 512 KB of stack at this depth, without optimisation.
    package static let stored = JSONLimits(depth: 400, digits: 150_000)
}

/// Why a text is not JSON, and where.
package struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, for people.
    package let reason: String
    /// Counted from 0, in bytes.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// Counted from 1, in bytes.
    package let column: Int
    /// The text is JSON so far, and asks for more than ``JSONLimits`` allow.
    package var isLimit = false
    /// The value that is wrong; nil where the text cannot be read.
    package var pointer: String?

    package var description: String { "\(reason) at line \(line), column \(column)" }
}
