import Foundation
import Workflow

extension UUID {
    /// Only the usual form of 36 characters.
    init?(strict text: String) {
        guard text.utf8.count == 36, let id = UUID(uuidString: text) else { return nil }
        self = id
    }
}

extension String {
    /// The text without its percent encoding; nil when that is broken, not UTF-8, or has a NUL character.
    var strictlyPercentDecoded: String? {
        guard utf8.contains(UInt8(ascii: "%")) else { return utf8.contains(0) ? nil : self }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.nibble), let low = rest.popFirst().flatMap(Self.nibble) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }
}

extension Timestamp {
    static let expectation = "must be a date and time such as 2026-01-31T12:00:00Z"

    /// A point in time of RFC 3339 in UTC; nil for anything else and for years outside 0001…9999.
    static func normalized(_ text: String) -> String? {
        guard text.utf8.count <= 64, let date = parse(text) else { return nil }
        // 0001-01-01 and 9999-12-31T23:59:59Z
        guard (-62_135_596_800...253_402_300_799).contains(date.timeIntervalSince1970.rounded(.down)) else { return nil }
        return Self.text(of: date)
    }
}

extension [Problem] {
    /// The first problem in words, and the number of the others.
    var summary: String {
        guard let first else { return "" }
        return "\(first.pointer.isEmpty ? "it" : first.pointer) \(first.detail)" + (count > 1 ? " (and \(count - 1) more)" : "")
    }
}
