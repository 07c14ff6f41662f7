/// A JSON value; integers that fit in 64 bits stay exact, every other number is a double.
///
/// `.integer(1)` and `.number(1)` are different values; `isSameValue(as:)` compares as JSON does.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// Parses UTF-8 bytes; duplicate keys: the last one wins; nesting is at most 128 deep.
    package init(parsing bytes: some Sequence<UInt8>) throws(JSONParseError) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.parseDocument()
    }

    /// Parses a text; see `init(parsing:)` for bytes.
    package init(parsing text: String) throws(JSONParseError) {
        var parser = JSONParser(bytes: Array(text.utf8))
        self = try parser.parseDocument()
    }
}

extension JSON: CustomStringConvertible {
    package var description: String { text }
}
