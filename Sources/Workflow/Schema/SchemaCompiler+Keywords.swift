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
    mutating func namedSchemas(_ key: String, _ source: SchemaSource) -> [String: SchemaNode]? {
        guard let value = source.keywords[key] else { return nil }
        guard case .object(let members) = value else {
            report("must be an object of schemas", at: source.place(key))
            return nil
        }
        var nodes: [String: SchemaNode] = [:]
        for (name, schema) in members.sorted(by: { $0.key < $1.key }) {
            nodes[name] = compile(schema, at: JSONPointer.appending(name, to: source.place(key)))
        }
        return nodes
    }
}
