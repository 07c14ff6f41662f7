/// The JSON Schema that an answer must follow.
package struct ResponseSchema: Sendable, Hashable {
    /// A short name that providers want beside the schema: `^[a-z_]{1,64}$`.
    package var name: String
    package var schema: JSON

    package init(name: String, schema: JSON) {
        self.name = name
        self.schema = schema
    }

    /// Whether providers can hold the model to it word by word: they ask that every object requires all its
    /// properties and takes no others.
    package var isClosed: Bool { Self.isClosed(schema) }

    private static func isClosed(_ schema: JSON) -> Bool {
        switch schema {
        case .array(let parts):
            return parts.allSatisfy(isClosed)
        case .object(let members):
            let properties = members["properties"]?.object ?? [:]
            if members["type"] == "object" || !properties.isEmpty {
                let required = Set(members["required"]?.array?.compactMap(\.string) ?? [])
                guard members["additionalProperties"] == false, required == Set(properties.keys) else { return false }
            }
            return members.allSatisfy { key, part in
                key == "properties" || key == "$defs" ? values(part).allSatisfy(isClosed) : isClosed(part)
            }
        default:
            return true
        }
    }

    private static func values(_ list: JSON) -> [JSON] {
        list.object.map { Array($0.values) } ?? []
    }
}
