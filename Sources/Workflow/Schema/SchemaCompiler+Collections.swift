extension SchemaCompiler {
    mutating func compileArrays(_ source: inout SchemaSource, into node: inout SchemaNode) {
        let prefix = schemas("prefixItems", source) ?? []
        let rest = schema("items", source)
        if let rest, prefix.isEmpty { node.items = [rest] }
        if !prefix.isEmpty || rest != nil { node.rules.append(ItemsRule(prefix: prefix, rest: rest.map { [$0] } ?? [])) }
        let fewest = count("minItems", source), most = count("maxItems", source)
        let isUnique = flag("uniqueItems", source)
        if fewest != nil || most != nil || isUnique {
            node.rules.append(ArrayRule(fewest: fewest, most: most, isUnique: isUnique))
        }
        if let contains = schema("contains", source) { node.rules.append(ContainsRule(node: contains)) }
    }

    mutating func compileObjects(_ source: inout SchemaSource, into node: inout SchemaNode) {
        if let value = source.keywords["required"] {
            let names = value.array?.compactMap(\.string) ?? []
            if value.array?.count == names.count {
                node.rules.append(RequiredRule(names: names))
            } else {
                report("must be a list of strings", at: source.place("required"))
            }
        }
        let fewest = count("minProperties", source), most = count("maxProperties", source)
        if fewest != nil || most != nil { node.rules.append(MemberCountRule(fewest: fewest, most: most)) }
        node.properties = namedSchemas("properties", source) ?? [:]
        let patterns = patternProperties(source)
        let rest = schema("additionalProperties", source)
        let names = schema("propertyNames", source)
        if !node.properties.isEmpty || !patterns.isEmpty || rest != nil || names != nil {
            node.rules.append(
                PropertiesRule(
                    properties: node.properties, patterns: patterns, rest: rest.map { [$0] } ?? [],
                    names: names.map { [$0] } ?? [], refusesRest: source.keywords["additionalProperties"] == .bool(false)))
        }
    }

    private mutating func patternProperties(_ source: SchemaSource) -> [(Pattern, SchemaNode)] {
        guard let nodes = namedSchemas("patternProperties", source) else { return [] }
        let place = source.place("patternProperties")
        var patterns: [(Pattern, SchemaNode)] = []
        for (text, node) in nodes.sorted(by: { $0.key < $1.key }) {
            if let pattern = pattern(text, at: JSONPointer.appending(text, to: place)) { patterns.append((pattern, node)) }
        }
        return patterns
    }

    mutating func compileCombinations(_ source: inout SchemaSource, into node: inout SchemaNode) {
        if let nodes = schemas("allOf", source) {
            node.allOf = nodes
            node.rules.append(AllOfRule(nodes: nodes))
        }
        if let nodes = schemas("anyOf", source) { node.rules.append(AnyOfRule(nodes: nodes)) }
        if let nodes = schemas("oneOf", source) { node.rules.append(OneOfRule(nodes: nodes)) }
        if let refused = schema("not", source) { node.rules.append(NotRule(node: refused)) }
        let consequence = schema("then", source), alternative = schema("else", source)
        if let condition = schema("if", source) {
            node.rules.append(
                ConditionRule(
                    condition: condition, consequence: consequence.map { [$0] } ?? [],
                    alternative: alternative.map { [$0] } ?? []))
        }
    }
}
