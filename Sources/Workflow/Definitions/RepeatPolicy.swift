/// How often a phase runs again.
package struct RepeatPolicy: Sendable, Hashable {
    /// How often it runs in all, the first time included; at least 1.
    package var max: Int
    /// Ends the cycle when it holds after a run; nil: the phase runs `max` times.
    package var until: PathExpression?

    package static let most = 1_000

    package init(max: Int, until: PathExpression? = nil) {
        self.max = max
        self.until = until
    }
}

extension RepeatPolicy {
    init?(reading reader: ObjectReader) {
        reader.refuseUnknownKeys(known: ["max", "until"])
        let until = reader.expression("until")
        guard reader.required("max") != nil, let max = reader.integer("max", in: 1...Self.most) else { return nil }
        self.init(max: max, until: until)
    }
}
