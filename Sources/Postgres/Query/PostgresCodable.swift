import Base
package import Foundation

/// A value that can be bound to a parameter.
package protocol PostgresEncodable {
    /// The value in PostgreSQL's text format; `nil` is NULL.
    var postgresText: String? { get }
    /// The value as an element of an array literal.
    var postgresArrayElement: String { get }
}

extension PostgresEncodable {
    package var postgresArrayElement: String {
        postgresText.map(ArrayLiteral.quoted) ?? "NULL"
    }
}

extension String: PostgresEncodable {
    package var postgresText: String? { self }
}

extension Substring: PostgresEncodable {
    package var postgresText: String? { String(self) }
}

extension Bool: PostgresEncodable {
    package var postgresText: String? { self ? "t" : "f" }
}

extension PostgresEncodable where Self: FixedWidthInteger {
    package var postgresText: String? { String(self) }
}

extension Int: PostgresEncodable, PostgresDecodable {}
extension Int16: PostgresEncodable, PostgresDecodable {}
extension Int32: PostgresEncodable, PostgresDecodable {}
extension Int64: PostgresEncodable, PostgresDecodable {}

extension Double: PostgresEncodable {
    package var postgresText: String? {
        isNaN ? "NaN" : isInfinite ? (self < 0 ? "-Infinity" : "Infinity") : description
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package var postgresText: String? { self?.postgresText }
    package var postgresArrayElement: String { self?.postgresArrayElement ?? "NULL" }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    package var postgresText: String? {
        var text = "{"
        for element in self {
            if text.utf8.count > 1 { text += "," }
            text += element.postgresArrayElement
        }
        return text + "}"
    }

    /// An array in an array is one more dimension, so it is not quoted.
    package var postgresArrayElement: String { postgresText ?? "{}" }
}

extension Duration: PostgresEncodable {
    /// An `interval`, exact to the microsecond.
    package var postgresText: String? {
        "\(components.seconds) seconds \(components.attoseconds / 1_000_000_000_000) microseconds"
    }
}

/// A type that can be read from a column in PostgreSQL's text format.
package protocol PostgresDecodable {
    /// Reads the text of a column; `text` is `nil` for NULL. Returns `nil` when the type cannot hold the value.
    static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Self?
}

extension String: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> String? {
        text.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Bool: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Bool? {
        guard let text, text.count == 1 else { return nil }
        return text[0] == UInt8(ascii: "t") ? true : text[0] == UInt8(ascii: "f") ? false : nil
    }
}

extension PostgresDecodable where Self: FixedWidthInteger {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Self? {
        guard let text, let first = text.first else { return nil }
        let isNegative = first == UInt8(ascii: "-")
        let digits = isNegative ? text.dropFirst() : text[...]
        guard !digits.isEmpty else { return nil }
        var value: Self = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Self(byte - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}

extension Double: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Double? {
        text.flatMap { Double(String(decoding: $0, as: UTF8.self)) }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Wrapped?? {
        guard text != nil else { return .some(nil) }
        return Wrapped.decode(postgresText: text).map { .some($0) }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> [Element]? {
        guard let text, let parts = ArrayLiteral.elements(text) else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(parts.count)
        for part in parts {
            let element =
                part.map { bytes in bytes.withUnsafeBufferPointer { Element.decode(postgresText: $0) } }
                ?? Element.decode(postgresText: nil)
            guard let element else { return nil }
            elements.append(element)
        }
        return elements
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package var postgresText: String? { text }
    /// A UUID contains nothing that needs quotes.
    package var postgresArrayElement: String { text }

    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> UUID? {
        text.flatMap { UUID(text: $0) }
    }
}

extension Date: PostgresEncodable, PostgresDecodable {
    /// A `timestamptz` in UTC, rounded to the microsecond, which is what the server keeps.
    package var postgresText: String? {
        Timestamp(self).postgresText
    }

    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Date? {
        text.flatMap { Timestamp(postgresText: $0)?.date }
    }
}

/// Bytes for a `bytea` column, in the hex format.
package struct PostgresBytes: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var postgresText: String? {
        String(unsafeUninitializedCapacity: 2 + bytes.count * 2) { buffer in
            buffer[0] = UInt8(ascii: "\\")
            buffer[1] = UInt8(ascii: "x")
            for (index, byte) in bytes.enumerated() {
                (buffer[2 + index * 2], buffer[3 + index * 2]) = byte.hexDigits
            }
            return 2 + bytes.count * 2
        }
    }

    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> PostgresBytes? {
        guard let text, text.count >= 2, text.count.isMultiple(of: 2),
            text[0] == UInt8(ascii: "\\"), text[1] == UInt8(ascii: "x")
        else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        for index in stride(from: 2, to: text.count, by: 2) {
            guard let high = UInt8(hexDigit: text[index]), let low = UInt8(hexDigit: text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return PostgresBytes(bytes)
    }
}
