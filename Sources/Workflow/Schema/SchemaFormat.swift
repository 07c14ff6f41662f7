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
        case .dateTime: Self.isDateTime(text)
        case .date: Self.isDate(text.utf8[...])
        case .email: Self.isEmail(text)
        case .uri: Self.isURI(text)
        case .uuid: text.utf8.count == 36 && UUID(uuidString: text) != nil
        }
    }

    /// RFC 3339 `full-date`.
    private static func isDate(_ text: Substring.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], digits: 4), let month = number(parts[1], digits: 2),
            let day = number(parts[2], digits: 2), (1...12).contains(month)
        else { return false }
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    /// RFC 3339 `date-time`; a leap second is allowed.
    private static func isDateTime(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let separator = bytes.firstIndex(where: { $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "t") }),
            isDate(bytes[..<separator])
        else { return false }
        let time = bytes[bytes.index(after: separator)...]
        let clock = time.prefix { $0 != UInt8(ascii: "Z") && $0 != UInt8(ascii: "z") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }
        let parts = clock.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = number(parts[0], digits: 2), hour < 24,
            let minute = number(parts[1], digits: 2), minute < 60
        else { return false }
        let second = parts[2].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = number(second[0], digits: 2), whole <= 60,
            second.count == 1 || number(second[1], digits: nil) != nil
        else { return false }
        return isOffset(time[clock.endIndex...])
    }

    private static func isOffset(_ text: Substring.UTF8View) -> Bool {
        if text.count == 1 { return text.first == UInt8(ascii: "Z") || text.first == UInt8(ascii: "z") }
        guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
        let parts = text.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, let hour = number(parts[0], digits: 2), let minute = number(parts[1], digits: 2) else {
            return false
        }
        return hour < 24 && minute < 60
    }

    private static func number(_ text: Substring.UTF8View, digits: Int?) -> Int? {
        guard !text.isEmpty, digits == nil || text.count == digits, text.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return text.prefix(9).reduce(0) { $0 * 10 + Int($1 - 0x30) }
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
