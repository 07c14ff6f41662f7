import Workflow

/// Makes up a value that a JSON Schema accepts, seeded, so that two judges come to different verdicts.
struct SchemaSampler {
    let root: JSON
    let prose: RehearsalProse
    var generator: SeededGenerator
    /// Below this depth only what is required is made up, so that a schema that refers to itself comes to an end.
    private static let fullDepth = 6
    private static let deepest = 40

    init(root: JSON, prose: RehearsalProse, generator: SeededGenerator) {
        self.root = root
        self.prose = prose
        self.generator = generator
    }

    mutating func sample() -> JSON {
        sample(root, key: "", mood: nil, depth: 0)
    }

    /// - Parameters:
    ///   - key: the name of the property that the value is for; it tells what kind of text fits.
    ///   - mood: whether the object around it says that it approves.
    mutating func sample(_ schema: JSON, key: String, mood: Bool?, depth: Int) -> JSON {
        guard depth < Self.deepest else { return .null }
        let schema = flattened(schema, depth: depth)
        if let constant = schema["const"] { return constant }
        if let values = schema["enum"]?.array, !values.isEmpty { return values[index(below: values.count)] }
        if mood != nil, key == "content", Self.types(of: schema).contains("null") {
            // An editor's own text, which may be left out; a new post would have nothing to do with the draft.
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
        var members: [String: JSON] = [:]
        var mood = mood
        // The verdict comes first, since the words beside it depend on it.
        for key in keys.sorted(by: { $0 == "approved" && $1 != "approved" || $1 != "approved" && $0 < $1 }) {
            members[key] = sample(properties[key] ?? others, key: key, mood: mood, depth: depth + 1)
            if key == "approved" { mood = members[key]?.bool }
        }
        return .object(members)
    }

    private mutating func array(_ schema: JSON, key: String, mood: Bool?, depth: Int) -> JSON {
        let items = schema["items"].map { flattened($0, depth: depth) } ?? ["type": "string"]
        let prefix = schema["prefixItems"]?.array ?? []
        let isUnique = schema["uniqueItems"]?.bool == true
        let minimum = max(0, schema["minItems"]?.int ?? 0)
        let maximum = max(minimum, schema["maxItems"]?.int ?? max(minimum, prefix.count, minimum + 3))
        if prefix.isEmpty, let values = items["enum"]?.array, isUnique || minimum == values.count && maximum == values.count {
            // A ranking: every label once, in this judge's order. Those who ask for strict schemas may not say so.
            let count = schema["minItems"] == nil && schema["maxItems"] == nil ? values.count : maximum
            return .array(Array(generator.shuffled(values).prefix(count)))
        }
        let isShort = depth >= Self.fullDepth || items == false
        let least = max(minimum, isShort ? 0 : min(prefix.count, maximum))
        let most = isShort ? least : min(max(least, maximum), least + 3)
        let count = min(max(least, most == least ? least : max(1, least) + index(below: most - max(1, least) + 1)), 10_000)
        var elements: [JSON] = []
        var spareDraws = 1_000
        while elements.count < count, spareDraws > 0 {
            let schema = elements.count < prefix.count ? prefix[elements.count] : items
            let element = sample(schema, key: key, mood: mood, depth: depth + 1)
            if isUnique, elements.contains(element) { spareDraws -= 1 } else { elements.append(element) }
        }
        return .array(elements)
    }

    mutating func index(below bound: Int) -> Int {
        Int(generator.next(below: UInt64(max(1, bound))))
    }

    mutating func chance(_ probability: Double) -> Bool {
        generator.nextUnit() < probability
    }
}
