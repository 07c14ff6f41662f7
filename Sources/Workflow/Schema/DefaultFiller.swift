/// Fills in `default`s: those of missing properties, through `$ref`, `allOf` and `items`.
struct DefaultFiller {
    static let maximumDepth = 64

    let targets: [String: SchemaNode]

    func fill(_ value: JSON, by node: SchemaNode, depth: Int) -> JSON {
        guard depth < Self.maximumDepth else { return value }
        var result = value
        if let target = node.reference.flatMap({ targets[$0] }) {
            result = fill(result, by: target, depth: depth + 1)
        }
        for part in node.allOf { result = fill(result, by: part, depth: depth + 1) }
        switch result {
        case .object(var members):
            for (key, property) in node.properties {
                if let member = members[key] {
                    members[key] = fill(member, by: property, depth: depth + 1)
                } else if let standard = standard(of: property) {
                    members[key] = fill(standard, by: property, depth: depth + 1)
                }
            }
            return .object(members)
        case .array(let elements) where !node.items.isEmpty:
            return .array(elements.map { fill($0, by: node.items[0], depth: depth + 1) })
        default:
            return result
        }
    }

    private func standard(of node: SchemaNode) -> JSON? {
        node.defaultValue ?? node.reference.flatMap { targets[$0]?.defaultValue }
    }
}
