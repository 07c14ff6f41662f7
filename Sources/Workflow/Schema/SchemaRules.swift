import Base

/// The types of JSON Schema; a number without a fraction is an integer (validation 6.1.1).
enum SchemaType: String, CaseIterable {
    case null, boolean, object, array, number, string, integer

    func accepts(_ value: JSON) -> Bool {
        switch self {
        case .number: value.double != nil
        default: value.typeName == rawValue
        }
    }
}

struct TypeRule: SchemaRule {
    let types: [SchemaType]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard !types.contains(where: { $0.accepts(value) }) else { return }
        let names = types.map(\.rawValue.withArticle)
        let list = names.count > 1 ? names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1] : names[0]
        run.report("must be \(list)", at: pointer)
    }
}

struct EnumRule: SchemaRule {
    private let values: Set<JSON>
    private let detail: String

    init(values: [JSON]) {
        self.values = Set(values.map(\.normalized))
        detail = "must be one of \(values.prefix(20).map(\.excerpt).joined(separator: ", "))\(values.count > 20 ? ", …" : "")"
    }

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard run.charge(value.weight / 16, at: pointer) else { return }
        if !values.contains(value.normalized) { run.report(detail, at: pointer) }
    }
}

struct ConstRule: SchemaRule {
    private let value: JSON
    private let weight: Int
    private let detail: String

    init(value: JSON) {
        self.value = value
        weight = value.weight
        detail = "must be \(value.excerpt)"
    }

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard run.charge(weight / 16, at: pointer) else { return }
        if !self.value.isSameValue(as: value) { run.report(detail, at: pointer) }
    }
}

extension JSON {
    /// About how much work it is to go through the value once: its values, and its texts by their length.
    fileprivate var weight: Int {
        switch self {
        case .string(let text), .decimal(let text): 1 + text.utf8.count / 64
        case .array(let elements): elements.reduce(1) { $0 + $1.weight }
        case .object(let members): members.reduce(1) { $0 + 1 + $1.key.utf8.count / 64 + $1.value.weight }
        default: 1
        }
    }

    /// Its text, cut where it is long.
    fileprivate var excerpt: String {
        let text = text
        return text.utf8.count <= 1_000 ? text : text.prefix(200) + "…"
    }
}

/// The schema `false`.
struct RefusalRule: SchemaRule {
    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        run.report("is not allowed", at: pointer)
    }
}

/// `$ref`.
struct ReferenceRule: SchemaRule {
    let target: String

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        if let node = run.targets[target] { run.check(value, against: node, at: pointer) }
    }
}

/// `minLength` and `maxLength`, in Unicode scalars (RFC 8259 characters).
struct LengthRule: SchemaRule {
    let minLength: Int?
    let maxLength: Int?

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .string(let text) = value, run.charge(text.utf8.count / 1_024, at: pointer) else { return }
        let length = text.unicodeScalars.count
        if let minLength, length < minLength {
            run.report("must be at least \(minLength) \(Self.characters(minLength)) long", at: pointer)
        }
        if let maxLength, length > maxLength {
            run.report("must be at most \(maxLength) \(Self.characters(maxLength)) long", at: pointer)
        }
    }

    private static func characters(_ count: Int) -> String { count == 1 ? "character" : "characters" }
}

struct PatternRule: SchemaRule {
    let pattern: Pattern

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .string(let text) = value else { return }
        if run.matches(pattern, text, at: pointer) == false { run.report("must match the pattern \(pattern.text)", at: pointer) }
    }
}

struct FormatRule: SchemaRule {
    let format: SchemaFormat

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .string(let text) = value, run.charge(text.utf8.count / 256, at: pointer) else { return }
        if !format.accepts(text) { run.report("must be \(format.meaning)", at: pointer) }
    }
}

/// `minimum`, `maximum` and their exclusive forms; whole numbers compare exactly.
struct RangeRule: SchemaRule {
    let minimum: JSON?
    let exclusiveMinimum: JSON?
    let maximum: JSON?
    let exclusiveMaximum: JSON?

    var isEmpty: Bool { minimum == nil && exclusiveMinimum == nil && maximum == nil && exclusiveMaximum == nil }

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard value.double != nil else { return }
        if let minimum, Self.isLess(value, minimum) { run.report("must be at least \(minimum.text)", at: pointer) }
        if let exclusiveMinimum, !Self.isLess(exclusiveMinimum, value) {
            run.report("must be more than \(exclusiveMinimum.text)", at: pointer)
        }
        if let maximum, Self.isLess(maximum, value) { run.report("must be at most \(maximum.text)", at: pointer) }
        if let exclusiveMaximum, !Self.isLess(value, exclusiveMaximum) {
            run.report("must be less than \(exclusiveMaximum.text)", at: pointer)
        }
    }

    private static func isLess(_ left: JSON, _ right: JSON) -> Bool {
        if case .integer(let a) = left, case .integer(let b) = right { return a < b }
        return (left.double ?? 0) < (right.double ?? 0)
    }
}

struct MultipleRule: SchemaRule {
    let divisor: JSON

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard value.double != nil, !isMultiple(value) else { return }
        run.report("must be a multiple of \(divisor.text)", at: pointer)
    }

    /// Doubles are compared by the nearest whole quotient, since 0.3 is no exact multiple of 0.1 in binary.
    private func isMultiple(_ value: JSON) -> Bool {
        if case .integer(let a) = value, case .integer(let b) = divisor { return a.isMultiple(of: b) }
        let number = value.double ?? 0, step = divisor.double ?? 1
        let quotient = number / step
        guard quotient.isFinite else { return false }
        return (quotient - quotient.rounded()).magnitude <= 1e-9 * max(1, quotient.magnitude)
    }
}

/// `minItems`, `maxItems` and `uniqueItems`.
struct ArrayRule: SchemaRule {
    let minItems: Int?
    let maxItems: Int?
    let isUnique: Bool

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .array(let elements) = value else { return }
        if let minItems, elements.count < minItems {
            run.report("must have at least \(minItems) \(minItems == 1 ? "element" : "elements")", at: pointer)
        }
        if let maxItems, elements.count > maxItems {
            run.report("must have at most \(maxItems) \(maxItems == 1 ? "element" : "elements")", at: pointer)
        }
        if isUnique, run.charge(value.weight / 8, at: pointer), Set(elements.map(\.normalized)).count != elements.count {
            run.report("must not have the same element twice", at: pointer)
        }
    }
}

/// `prefixItems` and `items`.
struct ItemsRule: SchemaRule {
    let prefix: [SchemaNode]
    /// The schema of what comes after the prefix; none or one.
    let rest: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .array(let elements) = value else { return }
        for (index, element) in elements.enumerated() {
            guard let node = index < prefix.count ? prefix[index] : rest.first else { return }
            run.check(element, against: node, at: JSONPointer.appending(index, to: pointer))
        }
    }
}

struct ContainsRule: SchemaRule {
    let node: SchemaNode

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .array(let elements) = value else { return }
        for element in elements where run.trial(element, against: node, at: pointer).isEmpty { return }
        run.report("must have at least one element that fits", at: pointer)
    }
}

extension JSON {
    /// The same value with each number in one form, so that `==` compares as `isSameValue(as:)` does.
    var normalized: JSON {
        switch self {
        case .decimal(let text): .decimal(DecimalNumber(text)?.canonicalText ?? text)
        case .number(let value): Int64(exactly: value).map(JSON.integer) ?? .decimal(DecimalNumber("\(value)")?.canonicalText ?? "")
        case .array(let elements): .array(elements.map(\.normalized))
        case .object(let members): .object(members.mapValues(\.normalized))
        default: self
        }
    }
}

struct RequiredRule: SchemaRule {
    let names: [String]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .object(let members) = value, run.charge(names.count / 16, at: pointer) else { return }
        for name in names where members[name] == nil {
            run.report("is required", at: JSONPointer.appending(name, to: pointer))
        }
    }
}

/// `minProperties` and `maxProperties`.
struct MemberCountRule: SchemaRule {
    let minProperties: Int?
    let maxProperties: Int?

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .object(let members) = value else { return }
        if let minProperties, members.count < minProperties { run.report("must have at least \(minProperties) properties", at: pointer) }
        if let maxProperties, members.count > maxProperties { run.report("must have at most \(maxProperties) properties", at: pointer) }
    }
}

/// `properties`, `patternProperties`, `additionalProperties` and `propertyNames`.
struct PropertiesRule: SchemaRule {
    let properties: SchemaProperties
    let patterns: [(Pattern, SchemaNode)]
    /// The schema of all others; none or one.
    let rest: [SchemaNode]
    /// The schema of the names; none or one.
    let names: [SchemaNode]
    /// Whether `additionalProperties` is plainly `false`.
    let refusesRest: Bool

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .object(let members) = value, run.charge(members.count / 8, at: pointer) else { return }
        for (name, member) in members.sorted(by: { $0.key.codePointsPrecede($1.key) }) {
            let place = JSONPointer.appending(name, to: pointer)
            if let node = names.first { run.check(.string(name), against: node, at: place) }
            var isKnown = false
            if let node = properties[name] {
                isKnown = true
                run.check(member, against: node, at: place)
            }
            for (pattern, node) in patterns {
                guard let matches = run.matches(pattern, name, at: place) else { return }
                guard matches else { continue }
                isKnown = true
                run.check(member, against: node, at: place)
            }
            guard !isKnown else { continue }
            if refusesRest {
                guard !run.isFull else { return }
                run.report("is not a known property" + hint(for: name, at: place, &run), at: place)
            } else if let node = rest.first {
                run.check(member, against: node, at: place)
            }
        }
    }
}

extension PropertiesRule {
    /// The search compares names letter by letter, so there is none among many.
    private func hint(for name: String, at pointer: String, _ run: inout ValidationRun) -> String {
        let length = min(name.utf8.count, 64)
        let cost = properties.count * (1 + length * length / 64)
        guard cost <= 2_000, run.charge(cost, at: pointer) else { return "" }
        return NearestName.hint(name, among: properties.names.sorted())
    }
}

struct AllOfRule: SchemaRule {
    let nodes: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        for node in nodes { run.check(value, against: node, at: pointer) }
    }
}

struct AnyOfRule: SchemaRule {
    let nodes: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        for node in nodes where run.trial(value, against: node, at: pointer).isEmpty { return }
        run.report("must fit at least one of \(nodes.count) alternatives", at: pointer)
    }
}

struct OneOfRule: SchemaRule {
    let nodes: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        var fitting = 0
        for node in nodes where run.trial(value, against: node, at: pointer).isEmpty { fitting += 1 }
        guard fitting != 1 else { return }
        run.report("must fit exactly one of \(nodes.count) alternatives, and fits \(fitting)", at: pointer)
    }
}

struct NotRule: SchemaRule {
    let node: SchemaNode

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        if run.trial(value, against: node, at: pointer).isEmpty {
            run.report("must not fit a schema that it fits", at: pointer)
        }
    }
}

/// `if`, `then` and `else`.
struct ConditionRule: SchemaRule {
    let condition: SchemaNode
    let consequence: [SchemaNode]
    let alternative: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        let fits = run.trial(value, against: condition, at: pointer).isEmpty
        for node in fits ? consequence : alternative { run.check(value, against: node, at: pointer) }
    }
}
