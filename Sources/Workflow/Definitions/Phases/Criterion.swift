/// One thing that a judge looks at.
package struct Criterion: Sendable, Hashable {
    package var id: String
    /// Above 0; only the ratio to the other weights counts.
    package var weight: Double
    package var description: String?

    /// What is judged where a phase names no criteria.
    package static let quality = Criterion(id: "quality")

    package init(id: String, weight: Double = 1, description: String? = nil) {
        self.id = id
        self.weight = weight
        self.description = description
    }
}

extension Criterion {
    init?(reading reader: ObjectReader) {
        reader.refuseUnknownKeys(known: ["id", "weight", "description"])
        let id = reader.requiredText("id", atMost: 10_000)
        if let id, !NamePattern.isIdentifier(id) { reader.report(NamePattern.identifierRule, at: "id") }
        let weight = reader.number("weight") ?? 1
        if weight <= 0 || weight > 1e6 { reader.report("must be above 0 and at most 1000000", at: "weight") }
        let description = reader.text("description", atMost: 2_000)
        guard let id else { return nil }
        self.init(id: id, weight: weight, description: description)
    }
}
