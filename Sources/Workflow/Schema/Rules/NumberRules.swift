/// `minimum`, `maximum` and their exclusive forms; whole numbers compare exactly.
struct RangeRule: SchemaRule {
    let minimum: JSON?
    let exclusiveMinimum: JSON?
    let maximum: JSON?
    let exclusiveMaximum: JSON?

    var isEmpty: Bool { minimum == nil && exclusiveMinimum == nil && maximum == nil && exclusiveMaximum == nil }

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard value.double != nil else { return }
        if let minimum, Self.isLess(value, minimum) { run.report("must be at least \(minimum.text)", at: pointer) }
        if let exclusiveMinimum, !Self.isLess(exclusiveMinimum, value) {
            run.report("must be more than \(exclusiveMinimum.text)", at: pointer)
        }
        if let maximum, Self.isLess(maximum, value) { run.report("must be at most \(maximum.text)", at: pointer) }
        if let exclusiveMaximum, !Self.isLess(value, exclusiveMaximum) {
            run.report("must be less than \(exclusiveMaximum.text)", at: pointer)
        }
    }

    private static func isLess(_ left: JSON, _ right: JSON) -> Bool {
        if case .integer(let a) = left, case .integer(let b) = right { return a < b }
        return (left.double ?? 0) < (right.double ?? 0)
    }
}

struct MultipleRule: SchemaRule {
    let divisor: JSON

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard value.double != nil, !isMultiple(value) else { return }
        run.report("must be a multiple of \(divisor.text)", at: pointer)
    }

    /// Doubles are compared by the nearest whole quotient, since 0.3 is no exact multiple of 0.1 in binary.
    private func isMultiple(_ value: JSON) -> Bool {
        if case .integer(let a) = value, case .integer(let b) = divisor { return a.isMultiple(of: b) }
        let number = value.double ?? 0, step = divisor.double ?? 1
        let quotient = number / step
        guard quotient.isFinite else { return false }
        return (quotient - quotient.rounded()).magnitude <= 1e-9 * max(1, quotient.magnitude)
    }
}
