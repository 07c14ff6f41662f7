import Base
import Workflow

/// Generates a value that a JSON Schema accepts, from a seed, so that two judges come to different verdicts.
struct SchemaSampler {
    let root: JSON
    let prose: RehearsalProse
    var generator: SeededGenerator
    /// Below this depth only required members are generated, so that a recursive schema ends.
    private static let fullDepth = 6
    private static let maxDepth = 40

    init(root: JSON, prose: RehearsalProse, generator: SeededGenerator) {
        self.root = root
        self.prose = prose
        self.generator = generator
    }

    mutating func sample() -> JSON {
        sample(root, key: "", mood: nil, depth: 0)
    }

    /// - Parameters:
    ///   - key: the name of the value's property, which determines the kind of text.
    ///   - mood: whether the enclosing object approves; nil when it has no `approved`.
    mutating func sample(_ schema: JSON, key: String, mood: Bool?, depth: Int) -> JSON {
        guard depth < Self.maxDepth else { return .null }
        let schema = flattened(schema, depth: depth)
        if let constant = schema["const"] { return constant }
        if let values = schema["enum"]?.array, !values.isEmpty { return values[index(below: values.count)] }
        if mood != nil, key == "content", Self.types(of: schema).contains("null") {
            // An editor's text, which may be null; a new post would not be related to the draft.
            return mood == true ? prose.polished(using: &generator).map(JSON.string) ?? .null : .null
        }
        let type = type(of: schema)
        switch type {
        case "null": return .null
        case "boolean": return .bool(chance(key == "approved" ? prose.approval : 0.5))
        case "integer", "number": return number(schema, isWhole: type == "integer")
        case "array": return array(schema, key: key, mood: mood, depth: depth)
        case "object": return object(schema, mood: mood, depth: depth)
        default: return .string(string(schema, key: key, mood: mood))
        }
    }

    private mutating func object(_ schema: JSON, mood: Bool?, depth: Int) -> JSON {
        let properties = schema["properties"]?.object ?? [:]
        let required = (schema["required"]?.array ?? []).compactMap(\.string)
        let others = schema["additionalProperties"].flatMap { $0.object == nil ? nil : $0 } ?? ["type": "string"]
        var keys = depth < Self.fullDepth ? Set(properties.keys).union(required) : Set(required)
        if let minimum = schema["minProperties"]?.int {
            for key in properties.keys.sorted() where keys.count < minimum { keys.insert(key) }
            var number = 1
            while keys.count < min(minimum, 1_000) {
                keys.insert("key_\(number)")
                number += 1
            }
        }
        if let maximum = schema["maxProperties"]?.int, keys.count > maximum {
            keys = Set(required).union(keys.subtracting(required).sorted().prefix(max(0, maximum - required.count)))
        }
        var members: JSONObject = [:]
        var mood = mood
        // The verdict comes first, because the other members depend on it.
        for key in keys.sorted(by: { $0 == "approved" && $1 != "approved" || $1 != "approved" && $0 < $1 }) {
            members[key] = sample(properties[key] ?? others, key: key, mood: mood, depth: depth + 1)
            if key == "approved" { mood = members[key]?.bool }
        }
        // They come in the order of the schema, as models write them.
        let further = members.keys.filter { properties[$0] == nil }
        return .object(JSONObject((properties.keys + further).compactMap { key in members[key].map { (key, $0) } }))
    }

    private mutating func array(_ schema: JSON, key: String, mood: Bool?, depth: Int) -> JSON {
        let items = schema["items"].map { flattened($0, depth: depth) } ?? ["type": "string"]
        let prefix = schema["prefixItems"]?.array ?? []
        let isUnique = schema["uniqueItems"]?.bool == true
        let minimum = max(0, schema["minItems"]?.int ?? 0)
        let maximum = max(minimum, schema["maxItems"]?.int ?? max(minimum, prefix.count, minimum + 3))
        if prefix.isEmpty, let values = items["enum"]?.array, isUnique || minimum == values.count && maximum == values.count {
            // A ranking: every label once, in this judge's order. Strict schemas have no keyword to say so.
            let count = schema["minItems"] == nil && schema["maxItems"] == nil ? values.count : maximum
            return .array(Array(generator.shuffled(values).prefix(count)))
        }
        let isShort = depth >= Self.fullDepth || items == false
        let minCount = max(minimum, isShort ? 0 : min(prefix.count, maximum))
        let maxCount = isShort ? minCount : min(max(minCount, maximum), minCount + 3)
        let drawn = maxCount == minCount ? minCount : max(1, minCount) + index(below: maxCount - max(1, minCount) + 1)
        let count = min(max(minCount, drawn), 10_000)
        var elements: [JSON] = []
        var spareDraws = 1_000
        while elements.count < count, spareDraws > 0 {
            let schema = elements.count < prefix.count ? prefix[elements.count] : items
            let element = sample(schema, key: key, mood: mood, depth: depth + 1)
            if isUnique, elements.contains(element) { spareDraws -= 1 } else { elements.append(element) }
        }
        return .array(elements)
    }

    private mutating func index(below bound: Int) -> Int {
        Int(generator.next(below: UInt64(max(1, bound))))
    }

    private mutating func chance(_ probability: Double) -> Bool {
        generator.nextUnit() < probability
    }
}

extension SchemaSampler {
    /// A text that fits the name of its property, the format, the pattern and the bounds on its length.
    private mutating func string(_ schema: JSON, key: String, mood: Bool?) -> String {
        if let format = schema["format"]?.string, let text = formatted(format) { return text }
        if let pattern = schema["pattern"]?.string { return matching(pattern, schema) }
        return fitted(text(for: key, mood: mood), to: schema)
    }

    private mutating func text(for key: String, mood: Bool?) -> String {
        switch key {
        case "reasoning", "reason", "feedback", "comment", "comments", "explanation", "rationale", "justification":
            prose.remark(approving: mood, using: &generator)
        case "text", "content", "draft", "body", "post", "article":
            prose.post(using: &generator)
        case "topic", "title", "subject", "headline":
            prose.topic
        default:
            prose.phrase(using: &generator)
        }
    }

    private mutating func formatted(_ format: String) -> String? {
        let day = "2026-0\(1 + index(below: 9))-1\(index(below: 9))"
        switch format {
        case "date": return day
        case "date-time": return day + "T12:00:00Z"
        case "time": return "12:00:00Z"
        case "duration": return "PT\(1 + index(below: 9))H"
        case "email": return "rehearsal@example.com"
        case "hostname": return "example.com"
        case "ipv4": return "192.0.2.\(1 + index(below: 250))"
        case "ipv6": return "2001:db8::\(1 + index(below: 9))"
        case "uri", "iri", "uri-reference": return "https://example.com/rehearsal"
        case "uuid": return uuid()
        default: return nil
        }
    }

    private mutating func uuid() -> String {
        var digits = (0..<32).map { _ in "0123456789abcdef".randomElement(using: &generator) ?? "0" }
        digits[12] = "4"
        digits[16] = "8"
        for dash in [20, 16, 12, 8] { digits.insert("-", at: dash) }
        return String(digits)
    }

    /// The first of some likely texts that matches the pattern.
    private mutating func matching(_ pattern: String, _ schema: JSON) -> String {
        guard let regex = try? Regex(pattern) else { return fitted("rehearsal", to: schema) }
        let phrase = prose.phrase(using: &generator)
        let slug = phrase.replacing(" ", with: "-")
        let number = String(1 + index(below: 9))
        let candidates = [
            phrase, slug, slug.replacing("-", with: "_"), "rehearsal", "Rehearsal", "REHEARSAL", "R\(number)",
            "REHEARSAL-\(number)", "R-\(number)", number, "\(number).0.0", "\(number).0", "2026-01-1\(number)",
            "#a1b2c\(number)", uuid(),
        ]
        // Repetitions of one character match patterns of an exact length.
        let repeated = ["0", number, "a", "A"].flatMap { character in
            (1...40).map { String(repeating: character, count: $0) }
        }
        return (candidates + repeated).first { text in
            text.firstMatch(of: regex) != nil && fitted(text, to: schema) == text
        } ?? fitted("rehearsal", to: schema)
    }

    /// `text` lengthened or cut to the bounds of the schema, which count Unicode scalars.
    private func fitted(_ text: String, to schema: JSON) -> String {
        var scalars = text.unicodeScalars
        let minimum = min(schema["minLength"]?.int ?? 0, 1_000_000)
        let padding = " rehearsal"
        let missing = max(0, minimum - scalars.count)
        let repetitions = (missing + padding.utf8.count - 1) / padding.utf8.count
        scalars.append(contentsOf: String(repeating: padding, count: repetitions).unicodeScalars)
        let maximum = max(0, schema["maxLength"]?.int ?? Int.max)
        guard scalars.count > maximum else { return String(scalars) }
        return String(String.UnicodeScalarView(scalars.prefix(maximum)))
    }
}

extension SchemaSampler {
    /// A number between the bounds of the schema, mostly in the upper part, like scores.
    private mutating func number(_ schema: JSON, isWhole: Bool) -> JSON {
        let (low, high) = range(of: schema)
        var step = schema["multipleOf"]?.double ?? 0
        if isWhole {
            step = max(1, step.rounded(.up))
        } else if step <= 0 {
            step = high - low >= 5 ? 0.1 : 0.01
        }
        // In steps from zero, so that every value is a multiple.
        var first = (low / step - 1e-9).rounded(.up)
        var last = (high / step + 1e-9).rounded(.down)
        if isAt(first, step, schema["exclusiveMinimum"]) { first += 1 }
        if isAt(last, step, schema["exclusiveMaximum"]) { last -= 1 }
        guard first <= last, max(first.magnitude, last.magnitude) < 0x1p53 else {
            return isWhole ? .integer(Int64(exactly: low.rounded(.up)) ?? 0) : .number(low + (high - low) / 2)
        }
        let isBounded = schema["minimum"] != nil || schema["exclusiveMinimum"] != nil
        let place = isBounded ? 0.3 + 0.35 * (generator.nextUnit() + generator.nextUnit()) : generator.nextUnit()
        let count = min(last, first + (place * (last - first + 1)).rounded(.down))
        if isWhole { return .integer(Int64(count * step)) }
        // Division by 10 or 100 gives the exact decimal number; multiplication by 0.1 does not.
        let divisor = (1 / step).rounded()
        return .number(abs(divisor * step - 1) < 1e-12 ? count / divisor : count * step)
    }

    private func range(of schema: JSON) -> (low: Double, high: Double) {
        let low = [schema["minimum"], schema["exclusiveMinimum"]].compactMap { $0?.double }.max()
        let high = [schema["maximum"], schema["exclusiveMaximum"]].compactMap { $0?.double }.min()
        switch (low, high) {
        case (let low?, let high?): return (low, max(low, high))
        case (let low?, nil): return (low, low + 10)
        case (nil, let high?): return (high > 0 ? 0 : high - 10, high)
        case (nil, nil): return (1, 10)
        }
    }

    private func isAt(_ count: Double, _ step: Double, _ bound: JSON?) -> Bool {
        guard let bound = bound?.double else { return false }
        return abs(count * step - bound) < 1e-9
    }
}

extension SchemaSampler {
    /// The schema with its references followed, its `allOf` merged in and one branch of `anyOf` and `oneOf` chosen.
    private mutating func flattened(_ schema: JSON, depth: Int) -> JSON {
        var schema = schema
        // Bounded, because references may be circular.
        for _ in 0..<16 {
            guard var members = schema.object else { break }
            if let reference = members.removeValue(forKey: "$ref")?.string {
                schema = Self.merged(resolved(reference), .object(members))
            } else if let parts = members.removeValue(forKey: "allOf")?.array {
                schema = parts.reduce(.object(members), Self.merged)
            } else if let branches = (members["anyOf"] ?? members["oneOf"])?.array, !branches.isEmpty {
                members["anyOf"] = nil
                members["oneOf"] = nil
                schema = Self.merged(.object(members), chosen(from: branches, depth: depth))
            } else {
                break
            }
        }
        return schema
    }

    /// The name of the type to generate.
    private mutating func type(of schema: JSON) -> String {
        let types = Self.types(of: schema)
        let usual = types.filter { $0 != "null" }
        if usual.isEmpty { return types.first ?? implied(by: schema) }
        return usual[index(below: usual.count)]
    }

    private static func types(of schema: JSON) -> [String] {
        schema["type"]?.string.map { [$0] } ?? schema["type"]?.array?.compactMap(\.string) ?? []
    }

    private func implied(by schema: JSON) -> String {
        let keywords = Set((schema.object ?? [:]).keys)
        if !keywords.isDisjoint(with: ["properties", "required", "additionalProperties", "minProperties"]) { return "object" }
        if !keywords.isDisjoint(with: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"]) { return "array" }
        if !keywords.isDisjoint(with: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
            return "number"
        }
        return "string"
    }

    /// At a great depth the simplest branch; else any, but null only when there is no other.
    private mutating func chosen(from branches: [JSON], depth: Int) -> JSON {
        if depth >= 6, let simple = branches.first(where: { $0["type"] == "null" || $0["$ref"] == nil && $0["properties"] == nil }) {
            return simple
        }
        let usual = branches.filter { $0["type"] != "null" }
        return usual.isEmpty ? branches[0] : usual[index(below: usual.count)]
    }

    private func resolved(_ reference: String) -> JSON {
        guard reference.hasPrefix("#"), let parts = JSONPointer.parts(of: String(reference.dropFirst())) else { return [:] }
        var schema: JSON? = root
        for part in parts { schema = schema?[part] ?? Int(part).flatMap { schema?[$0] } }
        return schema ?? [:]
    }

    /// Both schemas at once, as far as a sample needs it: properties and requirements are united, the tighter bound counts,
    /// of all else the second.
    private static func merged(_ first: JSON, _ second: JSON) -> JSON {
        guard var members = first.object else { return second }
        guard let others = second.object else { return first }
        for (key, new) in others {
            guard let old = members[key] else {
                members[key] = new
                continue
            }
            members[key] =
                switch (key, old, new) {
                case ("required", .array(let old), .array(let new)): .array(old + new.filter { !old.contains($0) })
                case ("enum", .array(let old), .array(let new)): .array(old.filter(new.contains))
                case ("properties", .object(let old), .object(let new)): .object(old.merging(new) { merged($0, $1) })
                case ("items", _, _): merged(old, new)
                default: tighter(key, old, new)
                }
        }
        return .object(members)
    }

    private static func tighter(_ key: String, _ old: JSON, _ new: JSON) -> JSON {
        guard let oldBound = old.double, let newBound = new.double else { return new }
        if key.hasPrefix("min") || key == "exclusiveMinimum" { return oldBound > newBound ? old : new }
        if key.hasPrefix("max") || key == "exclusiveMaximum" { return oldBound < newBound ? old : new }
        return new
    }
}
