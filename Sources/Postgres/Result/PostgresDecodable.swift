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

extension FixedWidthInteger {
    static func decodeInteger(_ text: UnsafeBufferPointer<UInt8>?) -> Self? {
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

extension Int: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Int? { decodeInteger(text) }
}

extension Int16: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Int16? { decodeInteger(text) }
}

extension Int32: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Int32? { decodeInteger(text) }
}

extension Int64: PostgresDecodable {
    package static func decode(postgresText text: UnsafeBufferPointer<UInt8>?) -> Int64? { decodeInteger(text) }
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
