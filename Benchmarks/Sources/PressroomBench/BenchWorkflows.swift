/// The workflows that are published to be measured with.
enum BenchWorkflows {
    static let waitingName = "bench-wait"

    /// Does nothing until it is cancelled, or for an hour.
    static let waiting = """
        name: \(waitingName)
        version: 1.0.0
        description: Waits while `pressroom-bench` posts events to it.
        category: bench
        phases:
          - {id: wait, kind: signal, name: done, timeout: 1h}
        """

    /// Four drafts, one after the other; published once for each model, because a version never changes.
    static func steps(model: String) -> (name: String, definition: String) {
        steps(
            "bench-steps-" + slug(model), agents: "agents: {nobody: {role: writer, model: \"\(model)\"}}",
            "kind: write, agents: [nobody], prompt: Go.")
    }

    /// Four phases of any kind that has one step.
    static func steps(kind: String, attributes: String) -> (name: String, definition: String) {
        let phase = attributes.isEmpty ? "kind: \(kind)" : "kind: \(kind), \(attributes)"
        return steps("bench-steps-" + slug(phase), agents: "", phase)
    }

    private static func steps(_ name: String, agents: String, _ phase: String) -> (name: String, definition: String) {
        (
            name,
            """
            name: \(name)
            version: 1.0.0
            description: Four steps, one after the other, for `pressroom-bench`.
            category: bench
            \(agents)
            phases:
              - {id: first, \(phase)}
              - {id: second, \(phase)}
              - {id: third, \(phase)}
              - {id: fourth, \(phase)}
            """
        )
    }

    /// 20 outputs and 80 evaluations.
    static func state(model: String) -> (name: String, definition: String) {
        let name = "bench-state-" + slug(model)
        let writers = (1...20).map { "w\($0)" }, judges = (1...4).map { "j\($0)" }
        let agents =
            writers.map { "  \($0): {role: writer, model: \"\(model)\"}" }
            + judges.map { "  \($0): {role: evaluator, model: \"\(model)\"}" }
        return (
            name,
            """
            name: \(name)
            version: 1.0.0
            description: Twenty drafts and four judges, for `pressroom-bench`.
            category: bench
            agents:
            \(agents.joined(separator: "\n"))
            phases:
              - {id: write, kind: write, agents: [\(writers.joined(separator: ", "))], prompt: Write two sentences on swifts.}
              - {id: judge, kind: evaluate, stage: initial, agents: [\(judges.joined(separator: ", "))], criteria: [{id: clarity}, {id: hook}]}
            """
        )
    }

    private static func slug(_ model: String) -> String {
        String(model.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(60))
    }
}
