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

extension Int: PostgresEncodable {
    package var postgresText: String? { String(self) }
}

extension Int16: PostgresEncodable {
    package var postgresText: String? { String(self) }
}

extension Int32: PostgresEncodable {
    package var postgresText: String? { String(self) }
}

extension Int64: PostgresEncodable {
    package var postgresText: String? { String(self) }
}

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
