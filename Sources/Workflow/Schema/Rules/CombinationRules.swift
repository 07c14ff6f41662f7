struct AllOfRule: SchemaRule {
    let nodes: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        for node in nodes { run.check(value, against: node, at: pointer) }
    }
}

struct AnyOfRule: SchemaRule {
    let nodes: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        for node in nodes where run.trial(value, against: node, at: pointer).isEmpty { return }
        run.report("must fit at least one of \(nodes.count) alternatives", at: pointer)
    }
}

struct OneOfRule: SchemaRule {
    let nodes: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        var fitting = 0
        for node in nodes where run.trial(value, against: node, at: pointer).isEmpty { fitting += 1 }
        guard fitting != 1 else { return }
        run.report("must fit exactly one of \(nodes.count) alternatives, and fits \(fitting)", at: pointer)
    }
}

struct NotRule: SchemaRule {
    let node: SchemaNode

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        if run.trial(value, against: node, at: pointer).isEmpty {
            run.report("must not fit a schema that it fits", at: pointer)
        }
    }
}

/// `if`, `then` and `else`.
struct ConditionRule: SchemaRule {
    let condition: SchemaNode
    let consequence: [SchemaNode]
    let alternative: [SchemaNode]

    func check(_ value: JSON, at pointer: String, in run: inout ValidationRun) {
        let fits = run.trial(value, against: condition, at: pointer).isEmpty
        for node in fits ? consequence : alternative { run.check(value, against: node, at: pointer) }
    }
}
