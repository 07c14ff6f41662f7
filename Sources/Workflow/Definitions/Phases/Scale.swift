/// The range of a judge's scores, both ends included.
package struct Scale: Sendable, Hashable {
    package var min: Double
    /// Above `min`.
    package var max: Double

    package init(min: Double = 1, max: Double = 10) {
        self.min = min
        self.max = max
    }

    package func contains(_ score: Double) -> Bool {
        score >= min && score <= max
    }
}

extension Scale {
    init(reading reader: ObjectReader) {
        reader.refuseUnknownKeys(known: ["min", "max"])
        self.init(min: reader.number("min", in: -1e6...1e6) ?? 1, max: reader.number("max", in: -1e6...1e6) ?? 10)
        if min >= max {
            reader.problems.report(
                "must have a 'max' above its 'min' (\(JSON.text(of: min)) and \(JSON.text(of: max)))", at: reader.pointer)
        }
    }
}
