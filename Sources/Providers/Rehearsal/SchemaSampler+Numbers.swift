import Workflow

extension SchemaSampler {
    /// A number between the bounds of the schema, rather in their upper part, as scores tend to be.
    mutating func number(_ schema: JSON, isWhole: Bool) -> JSON {
        let (low, high) = range(of: schema)
        var step = schema["multipleOf"]?.double ?? 0
        if isWhole {
            step = max(1, step.rounded(.up))
        } else if step <= 0 {
            step = high - low >= 5 ? 0.1 : 0.01
        }
        // Counted in steps from zero, so that every value is a multiple.
        var first = (low / step - 1e-9).rounded(.up)
        var last = (high / step + 1e-9).rounded(.down)
        if isAt(first, step, schema["exclusiveMinimum"]) { first += 1 }
        if isAt(last, step, schema["exclusiveMaximum"]) { last -= 1 }
        guard first <= last, max(first.magnitude, last.magnitude) < 0x1p53 else {
            return isWhole ? .integer(Int64(exactly: low.rounded(.up)) ?? 0) : .number(low + (high - low) / 2)
        }
        let isBounded = schema["minimum"] != nil || schema["exclusiveMinimum"] != nil
        let place = isBounded ? 0.3 + 0.35 * (generator.nextUnit() + generator.nextUnit()) : generator.nextUnit()
        let count = min(last, first + (place * (last - first + 1)).rounded(.down))
        if isWhole { return .integer(Int64(count * step)) }
        // Dividing by 10 or 100 gives the decimal number that is meant; multiplying by 0.1 would not.
        let divisor = (1 / step).rounded()
        return .number(abs(divisor * step - 1) < 1e-12 ? count / divisor : count * step)
    }

    private func range(of schema: JSON) -> (low: Double, high: Double) {
        let low = [schema["minimum"], schema["exclusiveMinimum"]].compactMap { $0?.double }.max()
        let high = [schema["maximum"], schema["exclusiveMaximum"]].compactMap { $0?.double }.min()
        switch (low, high) {
        case (let low?, let high?): return (low, max(low, high))
        case (let low?, nil): return (low, low + 10)
        case (nil, let high?): return (high > 0 ? 0 : high - 10, high)
        case (nil, nil): return (1, 10)
        }
    }

    private func isAt(_ count: Double, _ step: Double, _ bound: JSON?) -> Bool {
        guard let bound = bound?.double else { return false }
        return abs(count * step - bound) < 1e-9
    }
}
