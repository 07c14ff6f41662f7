package import Base

/// A JSON text as servers write it: what RFC 8259 and UTF-8 forbid is repaired, so that no text is lost because of it.
///
/// A text may be cut in the middle of a character: half a surrogate pair is then one escape, half a UTF-8 sequence some
/// bytes. What remains of it becomes U+FFFD, or a mark by which the halves of two texts can be put together
/// (`HalfCharacter`). A byte order mark is skipped, a raw control character in a text is taken as it is, and, where the
/// caller permits it, numbers beyond the range of a double become ±10^308, and `NaN` and `Infinity` null.
package struct RepairedJSON: Sendable {
    /// How far a text may be changed.
    package enum Repair: Sendable {
        /// Texts only: what is no number stays an error.
        case texts
        /// Texts, whose halves of characters become marks, and numbers.
        case textsAndNumbers
    }

    package let value: JSON
    /// Whether texts hold marks of halves of characters.
    package let hasHalves: Bool

    /// - Throws: the error of the text as it came, where a repair is not enough.
    package init(parsing bytes: [UInt8], _ repair: Repair) throws(JSONParseError) {
        let error: JSONParseError
        do throws(JSONParseError) {
            value = try JSON(parsing: bytes)
            hasHalves = false
            return
        } catch let first {
            error = first
        }
        var repaired = JSONRepair(bytes, repair, marksHalves: repair == .textsAndNumbers)
        repaired.run()
        if repaired.isAmbiguous {
            repaired = JSONRepair(bytes, repair, marksHalves: false)
            repaired.run()
        }
        guard let value = try? JSON(parsing: repaired.output) else { throw error }
        self.value = value
        hasHalves = repaired.hasHalves
    }
}

extension JSON {
    /// Reads a text whose halves of characters become U+FFFD; otherwise strictly.
    package init(repairing bytes: some Sequence<UInt8>) throws(JSONParseError) {
        self = try RepairedJSON(parsing: Array(bytes), .texts).value
    }
}

/// Marks of halves of characters in a text: private-use characters at the end of Unicode.
package enum HalfCharacter: Sendable, Hashable {
    /// A UTF-16 code unit, 0xD800…0xDFFF.
    case surrogate(UInt16)
    /// A byte of a UTF-8 sequence that is not whole, 0x80…0xFF.
    case byte(UInt8)

    private static let firstByte: UInt32 = 0x10_F780
    private static let firstSurrogate: UInt32 = 0x10_F800

    package init?(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case Self.firstSurrogate...: self = .surrogate(UInt16(scalar.value - Self.firstSurrogate) + 0xD800)
        case Self.firstByte...: self = .byte(UInt8(scalar.value - Self.firstByte) + 0x80)
        default: return nil
        }
    }

    /// The mark, in UTF-8.
    fileprivate var utf8: [UInt8] {
        let value =
            switch self {
            case .surrogate(let unit): Self.firstSurrogate + UInt32(unit) - 0xD800
            case .byte(let byte): Self.firstByte + UInt32(byte) - 0x80
            }
        // Four bytes: all marks are in plane 16.
        return [
            0xF0 | UInt8(value >> 18), 0x80 | UInt8(value >> 12 & 0x3F), 0x80 | UInt8(value >> 6 & 0x3F), 0x80 | UInt8(value & 0x3F),
        ]
    }
}

/// One pass over a text. It keeps what it does not know, so that the parser after it says what is wrong.
private struct JSONRepair {
    private let bytes: [UInt8]
    private let repair: RepairedJSON.Repair
    private let marksHalves: Bool
    private var position = 0
    private(set) var output: [UInt8] = []
    private(set) var hasHalves = false
    /// Whether the text itself has characters that look like marks.
    private(set) var isAmbiguous = false

    init(_ bytes: [UInt8], _ repair: RepairedJSON.Repair, marksHalves: Bool) {
        self.bytes = bytes
        self.repair = repair
        self.marksHalves = marksHalves
        output.reserveCapacity(bytes.count + 16)
    }

    mutating func run() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): text()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number()
            case UInt8(ascii: "N") where repair == .textsAndNumbers && has("NaN"): replace(3, by: "null")
            case UInt8(ascii: "I") where repair == .textsAndNumbers && has("Infinity"): replace(8, by: "null")
            default:
                let end = bytes[(position + 1)...].firstIndex { $0 == UInt8(ascii: "\"") || Self.beginsValue($0) } ?? bytes.count
                keep(end - position)
            }
        }
    }

    private static func beginsValue(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I") || isOfNumber(byte)
    }

    private func has(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        return end <= bytes.count && word.withUTF8Buffer { bytes[position..<end].elementsEqual($0) }
    }

    private mutating func keep(_ count: Int) {
        let end = min(position + count, bytes.count)
        output.append(contentsOf: bytes[position..<end])
        position = end
    }

    private mutating func replace(_ count: Int, by text: StaticString) {
        text.withUTF8Buffer { output.append(contentsOf: $0) }
        position += count
    }

    private mutating func number() {
        guard repair == .textsAndNumbers else { return keep(1) }
        if has("-Infinity") { return replace(9, by: "null") }
        let end = bytes[position...].firstIndex { !Self.isOfNumber($0) } ?? bytes.count
        let text = String(decoding: bytes[position..<end], as: UTF8.self)
        let count = end - position
        // What the parser refuses: numbers beyond a double, and such with very many digits.
        if let value = Double(text), !value.isFinite || count > JSONLimits.input.digits {
            position = end
            let nearest = max(-1e308, min(1e308, value))
            return output.append(contentsOf: JSON.text(of: nearest).utf8)
        }
        keep(count)
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
            UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private mutating func text() {
        keep(1)
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return keep(1)
            case UInt8(ascii: "\\"): escape()
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                output.append(contentsOf: "\\u00".utf8)
                output.append(digits[Int(bytes[position] >> 4)])
                output.append(digits[Int(bytes[position] & 15)])
                position += 1
            case 0x20..<0x80:
                let end = bytes[(position + 1)...].firstIndex { !Self.isPlain($0) } ?? bytes.count
                keep(end - position)
            default: multibyte()
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x80).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape() {
        guard let unit = codeUnit(at: position) else { return keep(2) }
        switch unit {
        case 0xD800..<0xDC00:
            guard let low = codeUnit(at: position + 6), (0xDC00..<0xE000).contains(low) else { return half(.surrogate(unit), 6) }
            note(0x10000 + (UInt32(unit) - 0xD800) << 10 + UInt32(low) - 0xDC00)
            keep(12)
        case 0xDC00..<0xE000: half(.surrogate(unit), 6)
        default: keep(6)
        }
    }

    /// The value of `\uXXXX`; nil where something else is written.
    private func codeUnit(at start: Int) -> UInt16? {
        guard start + 6 <= bytes.count, bytes[start] == UInt8(ascii: "\\"), bytes[start + 1] == UInt8(ascii: "u") else { return nil }
        let digits = bytes[(start + 2)..<(start + 6)]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func multibyte() {
        let count = Self.sequenceLength(bytes[position])
        let end = position + count
        guard count > 1, end <= bytes.count, let character = String(validating: bytes[position..<end], as: UTF8.self),
            let scalar = character.unicodeScalars.first
        else { return half(.byte(bytes[position]), 1) }
        note(scalar.value)
        keep(count)
    }

    static func sequenceLength(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }

    private mutating func note(_ scalar: UInt32) {
        if let scalar = Unicode.Scalar(scalar), HalfCharacter(scalar) != nil { isAmbiguous = isAmbiguous || marksHalves }
    }

    private mutating func half(_ half: HalfCharacter, _ count: Int) {
        if marksHalves { hasHalves = true }
        output.append(contentsOf: marksHalves ? half.utf8 : [0xEF, 0xBF, 0xBD])
        position += count
    }
}
