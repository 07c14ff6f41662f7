import Workflow

extension SchemaSampler {
    /// The schema with its references followed, its `allOf` merged in and one branch of `anyOf` and `oneOf` chosen.
    mutating func flattened(_ schema: JSON, depth: Int) -> JSON {
        var schema = schema
        // Bounded, since references may go round in a circle.
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

    /// The name of the one type that a value is made for.
    mutating func type(of schema: JSON) -> String {
        let types = Self.types(of: schema)
        let usual = types.filter { $0 != "null" }
        if usual.isEmpty { return types.first ?? implied(by: schema) }
        return usual[index(below: usual.count)]
    }

    static func types(of schema: JSON) -> [String] {
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

    /// Deep inside, the simplest branch; else any, but null only when there is nothing else.
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

    /// Both schemas at once, as far as a sample needs it: properties and requirements add up, bounds tighten, else the
    /// second counts.
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
