struct RequiredRule: SchemaRule {
    let names: [String]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .object(let members) = value else { return }
        for name in names where members[name] == nil {
            run.report("is required", at: JSONPointer.appending(name, to: pointer))
        }
    }
}

/// `minProperties` and `maxProperties`.
struct MemberCountRule: SchemaRule {
    let fewest: Int?
    let most: Int?

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .object(let members) = value else { return }
        if let fewest, members.count < fewest { run.report("must have at least \(fewest) properties", at: pointer) }
        if let most, members.count > most { run.report("must have at most \(most) properties", at: pointer) }
    }
}

/// `properties`, `patternProperties`, `additionalProperties` and `propertyNames`.
struct PropertiesRule: SchemaRule {
    let properties: [String: SchemaNode]
    let patterns: [(Pattern, SchemaNode)]
    /// The schema of all others; none or one.
    let rest: [SchemaNode]
    /// The schema of the names; none or one.
    let names: [SchemaNode]
    /// Whether `additionalProperties` is plainly `false`.
    let refusesRest: Bool

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        guard case .object(let members) = value else { return }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            let place = JSONPointer.appending(name, to: pointer)
            if let node = names.first { run.check(.string(name), against: node, at: place) }
            var isKnown = false
            if let node = properties[name] {
                isKnown = true
                run.check(member, against: node, at: place)
            }
            for (pattern, node) in patterns where pattern.matches(name) {
                isKnown = true
                run.check(member, against: node, at: place)
            }
            guard !isKnown else { continue }
            if refusesRest {
                guard !run.isFull else { return }
                run.report("is not a known property" + NearestName.hint(name, among: properties.keys.sorted()), at: place)
            } else if let node = rest.first {
                run.check(member, against: node, at: place)
            }
        }
    }
}
