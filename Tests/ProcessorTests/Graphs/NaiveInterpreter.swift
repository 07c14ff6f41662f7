import Workflow

/// Says how a random graph must end: each phase once, in the order of the graph, without rows, steps or transactions.
struct NaiveInterpreter {
    struct End: Equatable {
        var status: String
        /// Of a failed or skipped phase.
        var code: String?
        var output: JSON?
        var iteration = 0
        /// How often its steps were run.
        var attempts = 0
    }

    let graph: RandomGraph
    private(set) var ends: [String: End] = [:]

    init(_ graph: RandomGraph) {
        self.graph = graph
        for phase in graph.phases { ends[phase.id] = end(of: phase) }
    }

    var taskStatus: String {
        graph.phases.contains { !$0.mayFail && ends[$0.id]?.status == "failed" } ? "failed" : "completed"
    }

    private func end(of phase: RandomGraph.Phase) -> End {
        let needs = phase.needs.compactMap { id in graph.phases.first { $0.id == id } }
        if needs.contains(where: { isBroken($0) }) { return End(status: "skipped", code: "upstream_failed") }
        if needs.contains(where: { excludes($0, phase) }) { return End(status: "skipped", code: "not_chosen") }
        if !needs.isEmpty, !needs.contains(where: { leads($0, to: phase) }) {
            return End(status: "skipped", code: "upstream_skipped")
        }
        if let when = phase.when {
            guard let found = try? when.find(in: document(phase, iteration: 0, own: nil)) else { return failure("bad_expression") }
            guard isTrue(found) else { return End(status: "skipped", code: "condition_false") }
        }
        return run(phase)
    }

    private func isBroken(_ need: RandomGraph.Phase) -> Bool {
        ends[need.id]?.status == "failed" && !need.mayFail || ends[need.id]?.code == "upstream_failed"
    }

    private func chosen(_ need: RandomGraph.Phase) -> [String] {
        ends[need.id]?.output?["chosen"]?.array?.compactMap(\.string) ?? []
    }

    private func names(_ need: RandomGraph.Phase, _ phase: RandomGraph.Phase) -> Bool {
        guard case .branch(let cases, let otherwise) = need.work else { return false }
        return (cases.flatMap(\.then) + otherwise).contains(phase.id)
    }

    private func ran(_ need: RandomGraph.Phase) -> Bool {
        ends[need.id]?.status != "skipped"
    }

    private func excludes(_ need: RandomGraph.Phase, _ phase: RandomGraph.Phase) -> Bool {
        ran(need) && names(need, phase) && !chosen(need).contains(phase.id)
            && graph.ancestors(of: phase.id).isDisjoint(with: chosen(need))
    }

    private func leads(_ need: RandomGraph.Phase, to phase: RandomGraph.Phase) -> Bool {
        ran(need) && (!names(need, phase) || chosen(need).contains(phase.id))
    }

    private func failure(_ code: String, iteration: Int = 0, attempts: Int = 0, output: JSON? = nil) -> End {
        End(status: "failed", code: code, output: output, iteration: iteration, attempts: attempts)
    }

    private func run(_ phase: RandomGraph.Phase) -> End {
        var last: JSON?
        var attempts = 0
        for iteration in 0..<(phase.repeats?.max ?? 1) {
            let once = runOnce(phase, iteration, last)
            attempts += once.attempts
            guard once.status == "completed" else {
                return failure(once.code ?? "", iteration: iteration, attempts: attempts, output: last)
            }
            let isLast = iteration + 1 == phase.repeats?.max ?? 1
            if !isLast, let until = phase.repeats?.until {
                guard let found = try? until.find(in: document(phase, iteration: iteration, own: once.output)) else {
                    return failure("bad_expression", iteration: iteration, attempts: attempts, output: last)
                }
                if isTrue(found) { return End(status: "completed", output: once.output, iteration: iteration, attempts: attempts) }
            }
            if isLast { return End(status: "completed", output: once.output, iteration: iteration, attempts: attempts) }
            last = once.output
        }
        return failure("never")
    }

    private func runOnce(_ phase: RandomGraph.Phase, _ iteration: Int, _ own: JSON?) -> End {
        let document = document(phase, iteration: iteration, own: own)
        switch phase.work {
        case .transform(let expression, let isList):
            func value(_ document: JSON) -> JSON? {
                guard let found = try? expression.find(in: document) else { return nil }
                return isList || found.count > 1 ? .array(found) : found.first ?? .null
            }
            return overList(phase, document) { document in
                value(document).map { End(status: "completed", output: $0) } ?? failure("bad_expression")
            }
        case .agent(let failures, let maxAttempts):
            return overList(phase, document) { _ in
                let attempts = min(failures + 1, maxAttempts)
                return failures < maxAttempts
                    ? End(status: "completed", output: ["agent": .string("w\(failures)")], attempts: attempts)
                    : failure("unavailable", attempts: attempts)
            }
        case .log:
            let message = "n is \(graph.input["n"]?.int ?? -1)"
            return overList(phase, document) { _ in
                End(status: "completed", output: ["level": "info", "message": .string(message)], attempts: 1)
            }
        case .delay:
            return overList(phase, document) { _ in End(status: "completed", output: ["for": "1ms"]) }
        case .branch(let cases, let otherwise):
            for (index, branchCase) in cases.enumerated() {
                guard let found = try? branchCase.when.find(in: document) else { return failure("bad_expression") }
                if isTrue(found) {
                    return End(
                        status: "completed",
                        output: ["case": .integer(Int64(index)), "chosen": .array(branchCase.then.map(JSON.string))])
                }
            }
            return End(status: "completed", output: ["case": .null, "chosen": .array(otherwise.map(JSON.string))])
        case .write(let failures, let maxAttempts):
            let attempts = failures.map { min($0 + 1, maxAttempts) }.reduce(0, +)
            let drafts = failures.filter { $0 < maxAttempts }
            if drafts.isEmpty { return failure("no_drafts", attempts: attempts) }
            return End(status: "completed", output: ["drafts": .integer(Int64(drafts.count))], attempts: attempts)
        case .signal(let data):
            guard iteration < data.count else { return failure("timeout") }
            return End(status: "completed", output: ["signal": .string(phase.id), "data": data[iteration]])
        }
    }

    /// Does a phase's work once, or for each element of its list.
    private func overList(_ phase: RandomGraph.Phase, _ document: JSON, _ work: (JSON) -> End) -> End {
        guard let list = phase.list else { return work(document) }
        guard let found = try? list.find(in: document) else { return failure("bad_expression") }
        let items = found.count == 1 ? found[0].array ?? found : found
        if items.count > phase.maxItems ?? 1_000 { return failure("too_many_items") }
        let results = items.enumerated().map { index, item in
            var document = document
            document["item"] = item
            document["index"] = .integer(Int64(index))
            return work(document)
        }
        let attempts = results.map(\.attempts).reduce(0, +)
        let broken = results.indices.filter { results[$0].status == "failed" }
        if let first = broken.first, !phase.mayFail { return failure(results[first].code ?? "", attempts: attempts) }
        return End(
            status: "completed",
            output: [
                "items": .array(results.map { $0.output ?? .null }), "errors": .array(broken.map { .integer(Int64($0)) }),
            ],
            attempts: attempts)
    }

    private func isTrue(_ found: [JSON]) -> Bool {
        found.contains { $0 != .null && $0 != .bool(false) }
    }

    private func document(_ phase: RandomGraph.Phase, iteration: Int, own: JSON?) -> JSON {
        var outputs: [String: JSON] = [:]
        var states: [String: JSON] = [:]
        for id in graph.ancestors(of: phase.id) {
            guard let end = ends[id] else { continue }
            if end.status == "completed" { outputs[id] = seen(end.output ?? .null) }
            states[id] = ["status": .string(end.status)]
        }
        outputs[phase.id] = own.map(seen)
        return [
            "input": graph.input, "phases": .object(outputs), "task": ["phases": .object(states)],
            "iteration": .integer(Int64(iteration)),
        ]
    }

    /// Errors of a list have more than their places, which alone are predicted.
    private func seen(_ output: JSON) -> JSON {
        guard output["items"] != nil, let places = output["errors"]?.array else { return output }
        var output = output
        output["errors"] = .array(places.map { ["index": $0] })
        return output
    }
}
