/// The JSON Schema that an answer must follow.
package struct ResponseSchema: Sendable, Hashable {
    /// A short name that providers want beside the schema: `^[a-z_]{1,64}$`.
    package var name: String
    package var schema: JSON

    package init(name: String, schema: JSON) {
        self.name = name
        self.schema = schema
    }
}
