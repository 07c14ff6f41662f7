import Base
import Foundation

/// The values of `format` that are checked; others are annotations.
enum SchemaFormat: String, CaseIterable {
    case dateTime = "date-time"
    case date, email, uri, uuid

    /// "must be …"
    var meaning: String {
        switch self {
        case .dateTime: "a date and time such as 2026-01-31T12:00:00Z"
        case .date: "a date such as 2026-01-31"
        case .email: "an e-mail address"
        case .uri: "a URI"
        case .uuid: "a UUID"
        }
    }

    func accepts(_ text: String) -> Bool {
        switch self {
        case .dateTime: Timestamp(rfc3339: text) != nil
        case .date: Timestamp.days(fullDate: text) != nil
        case .email: Self.isEmail(text)
        case .uri: Self.isURI(text)
        case .uuid: UUID(text: text) != nil
        }
    }

    /// A local part and a domain with a letter or digit in each label; not all of RFC 5321.
    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, text.utf8.count <= 254, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return false }
        guard !parts[0].hasPrefix("."), !parts[0].hasSuffix("."), !parts[0].contains("..") else { return false }
        return parts[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
        }
    }

    /// RFC 3986: a scheme, a colon, and only the characters that a URI may have.
    private static func isURI(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let scheme = text.utf8[..<colon]
        guard let first = scheme.first, isLetter(first),
            scheme.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E].contains($0) })
        else { return false }
        let refused = Set("\"<>\\^`{|}".utf8)
        var rest = text.utf8[text.utf8.index(after: colon)...]
        while let byte = rest.popFirst() {
            guard byte > 0x20, byte < 0x7F, !refused.contains(byte) else { return false }
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, rest.prefix(2).allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return false }
            }
        }
        return true
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
