import Base
import Foundation

/// Turns a schema's JSON into nodes, and gathers its mistakes.
struct SchemaCompiler {
    let document: JSON
    private(set) var problems: [Problem] = []
    private(set) var targets: [String: SchemaNode] = [:]
    private var openReferences: [String] = []
    private var patternSize = 0

    /// The most instructions of all patterns of one schema.
    private static let maxPatternSize = 50_000

    init(document: JSON) {
        self.document = document
    }

    mutating func report(_ detail: String, at pointer: String) {
        guard problems.count < ProblemCollector.limit else { return }
        let problem = Problem(pointer: pointer, detail: detail)
        if !problems.contains(problem) { problems.append(problem) }
    }

    mutating func compile(_ schema: JSON, at pointer: String) -> SchemaNode {
        switch schema {
        case .bool(true): return SchemaNode()
        case .bool(false): return SchemaNode(rules: [RefusalRule()])
        case .object(let keywords):
            var node = SchemaNode()
            let source = SchemaSource(keywords: keywords, pointer: pointer)
            compileReference(source, into: &node)
            compileValues(source, into: &node)
            compileStrings(source, into: &node)
            compileNumbers(source, into: &node)
            compileArrays(source, into: &node)
            compileObjects(source, into: &node)
            compileCombinations(source, into: &node)
            node.mayBringDefaults =
                node.standard != nil || node.reference != nil
                || (node.properties.all.map(\.node) + node.items + node.allOf).contains(where: \.mayBringDefaults)
            return node
        default:
            report("must be a schema (an object, true or false), not \(schema.typeName.withArticle)", at: pointer)
            return SchemaNode()
        }
    }

    /// Compiles the targets of references, and those of their references, each once.
    mutating func compileTargets() {
        while let pointer = openReferences.popLast() {
            guard targets[pointer] == nil, let schema = resolve(pointer) else { continue }
            targets[pointer] = SchemaNode()
            targets[pointer] = compile(schema, at: pointer)
        }
    }

    /// Notes a reference for ``compileTargets()``; false when it leads nowhere.
    mutating func require(_ pointer: String) -> Bool {
        guard resolve(pointer) != nil else { return false }
        openReferences.append(pointer)
        return true
    }

    private func resolve(_ pointer: String) -> JSON? {
        guard let parts = JSONPointer.parts(of: pointer) else { return nil }
        var current = document
        for part in parts {
            let next: JSON? = current.array != nil ? Int(part).flatMap { current[$0] } : current[part]
            guard let next else { return nil }
            current = next
        }
        return current
    }
}

/// The keywords of one schema object.
struct SchemaSource {
    let keywords: JSONObject
    let pointer: String

    func place(_ key: String) -> String { JSONPointer.appending(key, to: pointer) }
}

extension SchemaCompiler {
    /// `$ref`, and the annotations that are checked: `$defs` and `default`.
    mutating func compileReference(_ source: SchemaSource, into node: inout SchemaNode) {
        node.standard = source.keywords["default"].map { ($0, $0.utf8.count) }
        if let value = source.keywords["$ref"] {
            guard case .string(let text) = value, text.hasPrefix("#"),
                let pointer = text.dropFirst().removingPercentEncoding, pointer.isEmpty || pointer.hasPrefix("/")
            else {
                return report("must be a local reference such as '#/$defs/name'", at: source.place("$ref"))
            }
            guard require(pointer) else {
                return report("refers to '\(text)', which is not in this schema", at: source.place("$ref"))
            }
            node.reference = pointer
            node.rules.append(ReferenceRule(target: pointer))
        }
        for key in ["$defs", "definitions"] {
            guard let value = source.keywords[key] else { continue }
            guard case .object(let members) = value else {
                report("must be an object of schemas", at: source.place(key))
                continue
            }
            // Compiled for their mistakes, used or not.
            for (name, schema) in members.sorted(by: { $0.key < $1.key }) {
                _ = compile(schema, at: JSONPointer.appending(name, to: source.place(key)))
            }
        }
    }

    /// `type`, `enum`, `const` and `format`.
    mutating func compileValues(_ source: SchemaSource, into node: inout SchemaNode) {
        if let value = source.keywords["type"] {
            let names = value.array ?? [value]
            let types = names.compactMap { $0.string.flatMap(SchemaType.init(rawValue:)) }
            if types.count != names.count || types.isEmpty || Set(types).count != types.count {
                let known = SchemaType.allCases.map(\.rawValue).joined(separator: ", ")
                report("must be one of \(known), or a list of them", at: source.place("type"))
            } else {
                node.rules.append(TypeRule(types: types))
            }
        }
        if let value = source.keywords["enum"] {
            if case .array(let values) = value, !values.isEmpty {
                node.rules.append(EnumRule(values: values))
            } else {
                report("must be a list of at least one value", at: source.place("enum"))
            }
        }
        if let value = source.keywords["const"] { node.rules.append(ConstRule(value: value)) }
        if let value = source.keywords["format"] {
            if case .string(let name) = value {
                if let format = SchemaFormat(rawValue: name) { node.rules.append(FormatRule(format: format)) }
            } else {
                report("must be a string", at: source.place("format"))
            }
        }
    }
}

extension SchemaCompiler {
    mutating func compileStrings(_ source: SchemaSource, into node: inout SchemaNode) {
        let minLength = count("minLength", source), maxLength = count("maxLength", source)
        if minLength != nil || maxLength != nil {
            node.rules.append(LengthRule(minLength: minLength, maxLength: maxLength))
        }
        guard let value = source.keywords["pattern"] else { return }
        guard case .string(let text) = value else { return report("must be a string", at: source.place("pattern")) }
        if let pattern = pattern(text, at: source.place("pattern")) { node.rules.append(PatternRule(pattern: pattern)) }
    }

    mutating func pattern(_ text: String, at pointer: String) -> Pattern? {
        do {
            let pattern = try Pattern(text)
            patternSize += pattern.size
            guard patternSize <= Self.maxPatternSize else {
                report("is one pattern too many: all of a schema together are too large", at: pointer)
                return nil
            }
            return pattern
        } catch {
            report("is not a usable regular expression: \(error.reason)", at: pointer)
            return nil
        }
    }

    mutating func compileNumbers(_ source: SchemaSource, into node: inout SchemaNode) {
        let rule = RangeRule(
            minimum: number("minimum", source), exclusiveMinimum: number("exclusiveMinimum", source),
            maximum: number("maximum", source), exclusiveMaximum: number("exclusiveMaximum", source))
        if !rule.isEmpty { node.rules.append(rule) }
        if let divisor = number("multipleOf", source) {
            if let value = divisor.double, value > 0 {
                node.rules.append(MultipleRule(divisor: divisor))
            } else {
                report("must be above 0", at: source.place("multipleOf"))
            }
        }
    }
}

extension SchemaCompiler {
    mutating func compileArrays(_ source: SchemaSource, into node: inout SchemaNode) {
        let prefix = schemas("prefixItems", source) ?? []
        let rest = schema("items", source)
        if let rest, prefix.isEmpty { node.items = [rest] }
        if !prefix.isEmpty || rest != nil { node.rules.append(ItemsRule(prefix: prefix, rest: rest.map { [$0] } ?? [])) }
        let minItems = count("minItems", source), maxItems = count("maxItems", source)
        let isUnique = flag("uniqueItems", source)
        if minItems != nil || maxItems != nil || isUnique {
            node.rules.append(ArrayRule(minItems: minItems, maxItems: maxItems, isUnique: isUnique))
        }
        if let contains = schema("contains", source) { node.rules.append(ContainsRule(node: contains)) }
    }

    mutating func compileObjects(_ source: SchemaSource, into node: inout SchemaNode) {
        if let value = source.keywords["required"] {
            let names = value.array?.compactMap(\.string) ?? []
            if value.array?.count == names.count {
                node.rules.append(RequiredRule(names: names))
            } else {
                report("must be a list of strings", at: source.place("required"))
            }
        }
        let minProperties = count("minProperties", source), maxProperties = count("maxProperties", source)
        if minProperties != nil || maxProperties != nil {
            node.rules.append(MemberCountRule(minProperties: minProperties, maxProperties: maxProperties))
        }
        node.properties = SchemaProperties(namedSchemas("properties", source) ?? [])
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
        for (text, node) in nodes {
            if let pattern = pattern(text, at: JSONPointer.appending(text, to: place)) { patterns.append((pattern, node)) }
        }
        return patterns
    }

    mutating func compileCombinations(_ source: SchemaSource, into node: inout SchemaNode) {
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

extension SchemaCompiler {
    /// A keyword whose value is a whole number of at least 0.
    mutating func count(_ key: String, _ source: SchemaSource) -> Int? {
        guard let value = source.keywords[key] else { return nil }
        guard let number = value.int, number >= 0 else {
            report("must be a whole number of at least 0", at: source.place(key))
            return nil
        }
        return number
    }

    /// A keyword whose value is a number.
    mutating func number(_ key: String, _ source: SchemaSource) -> JSON? {
        guard let value = source.keywords[key] else { return nil }
        guard value.double != nil else {
            report("must be a number", at: source.place(key))
            return nil
        }
        return value
    }

    /// A keyword whose value is true or false.
    mutating func flag(_ key: String, _ source: SchemaSource) -> Bool {
        guard let value = source.keywords[key] else { return false }
        guard let flag = value.bool else {
            report("must be true or false", at: source.place(key))
            return false
        }
        return flag
    }

    /// A keyword whose value is a schema.
    mutating func schema(_ key: String, _ source: SchemaSource) -> SchemaNode? {
        source.keywords[key].map { compile($0, at: source.place(key)) }
    }

    /// A keyword whose value is a list of at least one schema.
    mutating func schemas(_ key: String, _ source: SchemaSource) -> [SchemaNode]? {
        guard let value = source.keywords[key] else { return nil }
        guard case .array(let elements) = value, !elements.isEmpty else {
            report("must be a list of at least one schema", at: source.place(key))
            return nil
        }
        var nodes: [SchemaNode] = []
        for (index, element) in elements.enumerated() {
            nodes.append(compile(element, at: JSONPointer.appending(index, to: source.place(key))))
        }
        return nodes
    }

    /// A keyword whose value is an object of schemas.
    mutating func namedSchemas(_ key: String, _ source: SchemaSource) -> [(name: String, node: SchemaNode)]? {
        guard let value = source.keywords[key] else { return nil }
        guard case .object(let members) = value else {
            report("must be an object of schemas", at: source.place(key))
            return nil
        }
        var nodes: [(name: String, node: SchemaNode)] = []
        for (name, schema) in members {
            nodes.append((name, compile(schema, at: JSONPointer.appending(name, to: source.place(key)))))
        }
        return nodes
    }
}
