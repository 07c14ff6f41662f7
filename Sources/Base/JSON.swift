/// A JSON value that keeps the order of members and the digits of whole numbers.
///
/// `.integer(1)` and `.number(1)` are different values; `isSameValue(as:)` compares as JSON does. Texts and keys compare by
/// code points.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    /// A number that neither `Int64` nor `Double` holds: its text (RFC 8259, 6).
    case decimal(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// Reads UTF-8 bytes. Where a key comes twice, the last value holds.
    package init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = .input) throws(JSONParseError) {
        var parser = JSONParser(bytes: Array(bytes), limits: limits)
        self = try parser.parseDocument()
    }

    /// Reads a text; see `init(parsing:limits:)` for bytes.
    package init(parsing text: String, limits: JSONLimits = .input) throws(JSONParseError) {
        var parser = JSONParser(bytes: Array(text.utf8), limits: limits)
        self = try parser.parseDocument()
    }
}

// MARK: - Access

extension JSON {
    /// The member of an object; nil when this is no object or has no such key. Setting nil removes the key.
    package subscript(key: String) -> JSON? {
        get {
            guard case .object(let members) = self else { return nil }
            return members[key]
        }
        set {
            guard case .object(var members) = self else { return }
            self = .null  // keeps the storage unique, so that it is not copied
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The element of an array; nil when this is no array or the index is outside it.
    package subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The whole number; a double counts when it has no fraction and fits.
    package var int: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number as the nearest double, which is finite.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .decimal(let text): Double(text).map { max(-.greatestFiniteMagnitude, min(.greatestFiniteMagnitude, $0)) }
        default: nil
        }
    }

    package var array: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    package var object: JSONObject? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// What JSON Schema calls this value's type: `null boolean integer number string array object`.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number(let value): value.rounded() == value && value.isFinite ? "integer" : "number"
        case .decimal(let text): text.utf8.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") } ? "number" : "integer"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// How deep arrays and objects are nested: 0 for a scalar, 1 for `[]`.
    package var depth: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.map(\.value.depth).max() ?? 0)
        default: 0
        }
    }
}

// MARK: - Comparison

extension JSON: Hashable {
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.decimal(let left), .decimal(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameCodePoints(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .decimal(let text): hasher.combine(text)
        case .string(let text): hasher.combine(ExactString(text))
        case .array(let elements): hasher.combine(elements)
        case .object(let members): hasher.combine(members)
        }
    }

    /// Whether both are the same JSON value: numbers compare by their mathematical value (JSON Schema 2020-12, core 4.2.2).
    package func isSameValue(as other: JSON) -> Bool {
        switch (self, other) {
        case (.integer(let whole), .number(let double)), (.number(let double), .integer(let whole)):
            Int64(exactly: double) == whole
        case (.decimal(let text), .number(let double)), (.number(let double), .decimal(let text)):
            Double(text) == double
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSameValue(as: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { right[$0.key]?.isSameValue(as: $0.value) ?? false }
        default:
            self == other
        }
    }
}

// MARK: - U+0000

extension JSON {
    /// Whether a text or key holds U+0000, which PostgreSQL's `jsonb` and `text` cannot store.
    package var containsNUL: Bool { firstNUL() != nil }

    /// The JSON pointer of the first text (or key) that holds U+0000; nil when there is none.
    package func firstNUL(at pointer: String = "") -> String? {
        switch self {
        case .string(let value):
            return value.utf8.contains(0) ? pointer : nil
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if let found = element.firstNUL(at: JSONPointer.appending(index, to: pointer)) { return found }
            }
            return nil
        case .object(let members):
            for (key, value) in members {
                let place = JSONPointer.appending(key, to: pointer)
                if key.utf8.contains(0) { return place }
                if let found = value.firstNUL(at: place) { return found }
            }
            return nil
        default:
            return nil
        }
    }

    /// The value without U+0000 in its texts and keys.
    package var withoutNULs: JSON {
        guard containsNUL else { return self }
        switch self {
        case .string(let text): return .string(text.replacing("\0", with: ""))
        case .array(let elements): return .array(elements.map(\.withoutNULs))
        case .object(let members):
            return .object(JSONObject(members.map { ($0.key.replacing("\0", with: ""), $0.value.withoutNULs) }))
        default: return self
        }
    }
}

// MARK: - Literals

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}

extension JSON: CustomStringConvertible {
    package var description: String { text }
}
