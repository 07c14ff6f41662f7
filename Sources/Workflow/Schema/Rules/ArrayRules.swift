/// `minItems`, `maxItems` and `uniqueItems`.
struct ArrayRule: SchemaRule {
    let fewest: Int?
    let most: Int?
    let isUnique: Bool

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .array(let elements) = value else { return }
        if let fewest, elements.count < fewest {
            run.report("must have at least \(fewest) \(fewest == 1 ? "element" : "elements")", at: pointer)
        }
        if let most, elements.count > most {
            run.report("must have at most \(most) \(most == 1 ? "element" : "elements")", at: pointer)
        }
        if isUnique, Set(elements.map(\.normalized)).count != elements.count {
            run.report("must not have the same element twice", at: pointer)
        }
    }
}

/// `prefixItems` and `items`.
struct ItemsRule: SchemaRule {
    let prefix: [SchemaNode]
    /// The schema of what comes after the prefix; none or one.
    let rest: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .array(let elements) = value else { return }
        for (index, element) in elements.enumerated() {
            guard let node = index < prefix.count ? prefix[index] : rest.first else { return }
            run.check(element, against: node, at: JSONPointer.appending(index, to: pointer))
        }
    }
}

struct ContainsRule: SchemaRule {
    let node: SchemaNode

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .array(let elements) = value else { return }
        for element in elements where run.trial(element, against: node, at: pointer).isEmpty { return }
        run.report("must have at least one element that fits", at: pointer)
    }
}

extension JSON {
    /// The same value with whole doubles as integers, so that `==` compares as `isSameValue(as:)` does.
    var normalized: JSON {
        switch self {
        case .number(let value): Int64(exactly: value).map(JSON.integer) ?? self
        case .array(let elements): .array(elements.map(\.normalized))
        case .object(let members): .object(members.mapValues(\.normalized))
        default: self
        }
    }
}
