import Base
import Glibc

/// One SQL statement and the values bound to its `$1`, `$2`, ….
///
/// Written as a string literal, an interpolated value becomes a bound parameter and never part of the SQL text;
/// `\(raw:)` splices trusted SQL, `\(identifier:)` a quoted name.
package struct PostgresQuery: Sendable, Hashable {
    package var sql: String
    package var parameters: [PostgresParameter]

    package init(sql: String, parameters: [PostgresParameter] = []) {
        self.sql = sql
        self.parameters = parameters
    }

    /// Appends another statement or a part of one, whose parameters are numbered on. It must have no other `$`.
    package static func += (query: inout PostgresQuery, part: PostgresQuery) {
        query.sql += part.renumbered(from: query.parameters.count)
        query.parameters += part.parameters
    }

    /// The SQL text with its parameters' numbers raised.
    fileprivate func renumbered(from offset: Int) -> String {
        guard offset > 0, !parameters.isEmpty else { return sql }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sql.utf8.count + parameters.count)
        var number: Int?
        for byte in sql.utf8 {
            if let digits = number, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                number = digits * 10 + Int(byte - UInt8(ascii: "0"))
                continue
            }
            if let digits = number { bytes.append(contentsOf: String(digits + offset).utf8) }
            number = byte == UInt8(ascii: "$") ? 0 : nil
            bytes.append(byte)
        }
        if let digits = number { bytes.append(contentsOf: String(digits + offset).utf8) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The most parameters that one statement takes (the protocol counts them in 16 bits).
    static let maxParameters = 65_535

    /// What stops the statement from being sent, if anything: C strings end at the first NUL byte.
    var problem: String? {
        if sql.containsNUL { return "the statement contains a NUL character" }
        if parameters.count > Self.maxParameters {
            return "the statement has \(parameters.count) parameters, more than \(Self.maxParameters)"
        }
        if let index = parameters.firstIndex(where: { $0.text?.containsNUL ?? false }) {
            return "parameter $\(index + 1) contains a NUL character, which PostgreSQL text cannot hold"
        }
        return nil
    }
}

extension PostgresQuery: ExpressibleByStringInterpolation {
    package struct StringInterpolation: StringInterpolationProtocol {
        var sql = ""
        var parameters: [PostgresParameter] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.reserveCapacity(literalCapacity + interpolationCount * 3)
            parameters.reserveCapacity(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            sql += literal
        }

        /// Binds a value; nil is SQL NULL. (The parameter is optional, so that a literal nil has a type.)
        package mutating func appendInterpolation(_ value: (some PostgresEncodable)?) {
            bind(value?.postgresText)
        }

        /// Splices trusted SQL text. It must never contain input from outside.
        package mutating func appendInterpolation(raw text: String) {
            sql += text
        }

        /// Splices a name, quoted.
        package mutating func appendInterpolation(identifier name: String) {
            sql += name.quotedAsIdentifier
        }

        /// Splices another statement or a part of one, whose parameters are numbered on. It must have no other `$`.
        package mutating func appendInterpolation(part: PostgresQuery) {
            sql += part.renumbered(from: parameters.count)
            parameters += part.parameters
        }

        private mutating func bind(_ text: String?) {
            parameters.append(PostgresParameter(text: text))
            sql += "$\(parameters.count)"
        }
    }

    package init(stringLiteral value: String) {
        self.init(sql: value)
    }

    package init(stringInterpolation interpolation: StringInterpolation) {
        self.init(sql: interpolation.sql, parameters: interpolation.parameters)
    }
}

/// A bound value in PostgreSQL's text format; `nil` is NULL. The server infers the type from the context.
package struct PostgresParameter: Sendable, Hashable {
    package var text: String?

    package init(text: String?) {
        self.text = text
    }

    package init(_ value: (some PostgresEncodable)?) {
        self.text = value?.postgresText
    }
}

extension String {
    /// The text as an SQL identifier: in double quotes, with quotes inside doubled.
    package var quotedAsIdentifier: String {
        "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// As a text literal, whatever `standard_conforming_strings` is.
    var quotedAsLiteral: String {
        "E'" + replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
    }

    var containsNUL: Bool {
        utf8.withContiguousStorageIfAvailable { bytes in
            guard let base = bytes.baseAddress else { return false }
            return memchr(base, 0, bytes.count) != nil
        } ?? utf8.contains(0)
    }
}
