/// What a phase does for each element of a list.
package struct FanOut: Sendable, Hashable {
    /// Finds the list: one array, or the items themselves.
    package var list: PathExpression
    /// A longer list fails the phase.
    package var maxItems: Int

    package static let defaultMaxItems = 1_000
    package static let mostItems = 10_000

    package init(list: PathExpression, maxItems: Int = Self.defaultMaxItems) {
        self.list = list
        self.maxItems = maxItems
    }
}

extension FanOut {
    static let keys = ["for_each", "max_items"]

    /// Nil where the phase says nothing of a list.
    init?(reading reader: ObjectReader) {
        let list = reader.expression("for_each")
        let maxItems = reader.integer("max_items", in: 1...Self.mostItems)
        if maxItems != nil, reader.value("for_each") == nil { reader.report("needs 'for_each'", at: "max_items") }
        guard let list else { return nil }
        self.init(list: list, maxItems: maxItems ?? Self.defaultMaxItems)
    }
}
