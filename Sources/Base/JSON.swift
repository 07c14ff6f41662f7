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
        case .decimal(let text): DecimalNumber(text)?.isWhole ?? true ? "integer" : "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// How deep arrays and objects are nested: 0 for a scalar, 1 for `[]`.
    package var depth: Int {
        var depth = 0
        var level = isContainer ? [self] : []
        while !level.isEmpty {
            depth += 1
            var next: [JSON] = []
            for container in level {
                switch container {
                case .array(let elements): for element in elements where element.isContainer { next.append(element) }
                case .object(let members): for member in members where member.value.isContainer { next.append(member.value) }
                default: break
                }
            }
            level = next
        }
        return depth
    }

    private var isContainer: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }
}

// MARK: - Comparison

extension JSON: Hashable {
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: areSameScalars(left, right)
        }
    }

    private static func areSameScalars(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.decimal(let left), .decimal(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameCodePoints(as: right)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .array(let elements):
            hasher.combine(elements.count)
            for element in elements { element.hash(into: &hasher) }
        case .object(let members): members.hash(into: &hasher)
        default: hashScalar(into: &hasher)
        }
    }

    private func hashScalar(into hasher: inout Hasher) {
        switch self {
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .decimal(let text): hasher.combine(text)
        case .string(let text): hasher.combine(ExactString(text))
        case .null, .array, .object: hasher.combine(0)
        }
    }

    /// Whether both are the same JSON value: numbers compare by their mathematical value (JSON Schema 2020-12, core 4.2.2).
    package func isSameValue(as other: JSON) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)): Self.haveSameValues(left, right)
        case (.object(let left), .object(let right)): Self.haveSameValues(left, right)
        default: Self.haveSameScalarValues(self, other)
        }
    }

    private static func haveSameValues(_ left: [JSON], _ right: [JSON]) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where !left[index].isSameValue(as: right[index]) { return false }
        return true
    }

    private static func haveSameValues(_ left: JSONObject, _ right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        for member in left {
            guard let other = right[member.key], member.value.isSameValue(as: other) else { return false }
        }
        return true
    }

    private static func haveSameScalarValues(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        // A double that was read is the number that its shortest text says.
        case (.integer(let whole), .number(let double)), (.number(let double), .integer(let whole)):
            Double(whole) == double && (whole.magnitude <= 1 << 53 || DecimalNumber("\(whole)")?.isSame(as: double) == true)
        case (.decimal(let text), .number(let double)), (.number(let double), .decimal(let text)):
            Double(text) == double && DecimalNumber(text)?.isSame(as: double) == true
        case (.integer(let whole), .decimal(let text)), (.decimal(let text), .integer(let whole)):
            DecimalNumber("\(whole)") == DecimalNumber(text)
        case (.decimal(let left), .decimal(let right)):
            left == right || DecimalNumber(left) == DecimalNumber(right)
        default:
            areSameScalars(left, right)
        }
    }
}

// MARK: - U+0000

extension JSON {
    /// Whether a text or key holds U+0000, which PostgreSQL's `jsonb` and `text` cannot store.
    package var containsNUL: Bool {
        switch self {
        case .string(let value): value.utf8.contains(0)
        case .array(let elements): Self.containNUL(elements)
        case .object(let members): Self.containNUL(members)
        default: false
        }
    }

    private static func containNUL(_ elements: [JSON]) -> Bool {
        for element in elements where element.containsNUL { return true }
        return false
    }

    private static func containNUL(_ members: JSONObject) -> Bool {
        for member in members where member.key.utf8.contains(0) || member.value.containsNUL { return true }
        return false
    }

    /// The JSON pointer of the first text (or key) that holds U+0000; nil when there is none.
    package func firstNUL(at pointer: String = "") -> String? {
        switch self {
        case .string(let value): value.utf8.contains(0) ? pointer : nil
        case .array(let elements): Self.firstNUL(in: elements, at: pointer)
        case .object(let members): Self.firstNUL(in: members, at: pointer)
        default: nil
        }
    }

    private static func firstNUL(in elements: [JSON], at pointer: String) -> String? {
        for index in elements.indices {
            if let found = elements[index].firstNUL(at: JSONPointer.appending(index, to: pointer)) { return found }
        }
        return nil
    }

    private static func firstNUL(in members: JSONObject, at pointer: String) -> String? {
        for member in members {
            let place = JSONPointer.appending(member.key, to: pointer)
            if member.key.utf8.contains(0) { return place }
            if let found = member.value.firstNUL(at: place) { return found }
        }
        return nil
    }

    /// The value without U+0000 in its texts and keys.
    package var withoutNULs: JSON { containsNUL ? strippedOfNULs : self }

    private var strippedOfNULs: JSON {
        switch self {
        case .string(let text): .string(text.replacingNULs())
        case .array(let elements): .array(elements.map { $0.strippedOfNULs })
        case .object(let members):
            .object(JSONObject(members.map { ($0.key.replacingNULs(), $0.value.strippedOfNULs) }))
        default: self
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
