/// Turns a schema's JSON into nodes and gathers the mistakes in it.
struct SchemaCompiler {
    let document: JSON
    private(set) var problems: [Problem] = []
    private(set) var targets: [String: SchemaNode] = [:]
    private var openReferences: [String] = []

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
            var source = SchemaSource(keywords: keywords, pointer: pointer)
            compileReference(&source, into: &node)
            compileValues(&source, into: &node)
            compileStrings(&source, into: &node)
            compileNumbers(&source, into: &node)
            compileArrays(&source, into: &node)
            compileObjects(&source, into: &node)
            compileCombinations(&source, into: &node)
            return node
        default:
            report("must be a schema (an object, true or false), not \(schema.typeName.withArticle)", at: pointer)
            return SchemaNode()
        }
    }

    /// Compiles what was referred to, and what that refers to, each once.
    mutating func compileTargets() {
        while let pointer = openReferences.popLast() {
            guard targets[pointer] == nil, let schema = resolve(pointer) else { continue }
            targets[pointer] = SchemaNode()
            targets[pointer] = compile(schema, at: pointer)
        }
    }

    /// Notes that a reference is used; false when it leads nowhere.
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
    let keywords: [String: JSON]
    let pointer: String

    func place(_ key: String) -> String { JSONPointer.appending(key, to: pointer) }
}
