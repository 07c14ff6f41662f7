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

    package var description: String { "\(reason) at line \(line), column \(column)" }
}
