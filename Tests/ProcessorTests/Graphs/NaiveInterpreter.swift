import Base
import Workflow

/// Says how a random graph must end: each phase once, in the order of the graph, without rows or transactions. A retry
/// goes through all of them again and remembers which steps were done.
struct NaiveInterpreter {
    struct End: Equatable {
        var status: String
        /// Of a failed or skipped phase.
        var code: String?
        var output: JSON?
        var iteration = 0
        /// How often its steps were run.
        var attempts = 0
        /// The judges' verdicts of the phase.
        var verdicts = 0
        var failedVerdicts = 0
    }

    /// What is known of a step in the lives of its task so far.
    struct Step {
        var attempts = 0
        var calls = 0
        var isDone = false
    }

    let graph: RandomGraph
    var ends: [String: End] = [:]
    /// How often the task was retried.
    private(set) var life = 0
    var steps: [String: [String: Step]] = [:]
    /// Phases whose end stays, whatever is retried.
    private var kept: Set<String> = []
    var drafts: [NaiveDraft] = []

    init(_ graph: RandomGraph) {
        self.graph = graph
        live()
        while taskStatus == "failed", life < graph.disturbance.retries {
            kept = Set(graph.phases.filter { isKept($0) }.map(\.id))
            life += 1
            live()
        }
    }

    private mutating func live() {
        let before = ends
        ends = [:]
        drafts = []
        for phase in graph.phases {
            var end = end(of: phase)
            if kept.contains(phase.id), let old = before[phase.id] { end = old }
            end.attempts = steps[phase.id, default: [:]].values.map(\.attempts).reduce(0, +)
            ends[phase.id] = end
        }
    }

    private func isKept(_ phase: RandomGraph.Phase) -> Bool {
        switch ends[phase.id]?.status {
        case "failed": phase.mayFail
        case "skipped": ends[phase.id]?.code != "upstream_failed"
        default: true
        }
    }

    var taskStatus: String {
        graph.phases.contains { !$0.mayFail && ends[$0.id]?.status == "failed" } ? "failed" : "completed"
    }

    /// Whether a step of a phase is done in the end: its calls go as its fate says. One that was given up is tried again
    /// only with its phase.
    mutating func isDone(_ phase: RandomGraph.Phase, _ key: String, _ fate: Fate, isFinal: Bool = false) -> Bool {
        var step = steps[phase.id]?[key] ?? Step()
        if step.isDone || (step.attempts > 0 && kept.contains(phase.id)) { return step.isDone }
        for _ in 0..<phase.maxAttempts {
            step.attempts += 1
            step.calls += 1
            step.isDone = life >= fate.heals && step.calls > fate.failures
            if step.isDone || (isFinal && life < fate.heals) { break }
        }
        steps[phase.id, default: [:]][key] = step
        return step.isDone
    }

    /// The same of a wait, which is no attempt of anybody.
    mutating func isAnswered(_ phase: RandomGraph.Phase, _ key: String, heals: Int) -> Bool {
        var step = steps[phase.id]?[key] ?? Step()
        if step.isDone || (step.calls > 0 && kept.contains(phase.id)) { return step.isDone }
        step.calls += 1
        step.isDone = life >= heals
        steps[phase.id, default: [:]][key] = step
        return step.isDone
    }

    private mutating func end(of phase: RandomGraph.Phase) -> End {
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

    func failure(_ code: String, iteration: Int = 0, output: JSON? = nil) -> End {
        End(status: "failed", code: code, output: output, iteration: iteration)
    }

    private mutating func run(_ phase: RandomGraph.Phase) -> End {
        var last: JSON?
        for iteration in 0..<(phase.repeats?.max ?? 1) {
            var once = runOnce(phase, iteration, last)
            guard once.status == "completed" else {
                once.iteration = iteration
                once.output = last
                return once
            }
            once.iteration = iteration
            if iteration + 1 == phase.repeats?.max ?? 1 { return once }
            if let until = phase.repeats?.until {
                guard let found = try? until.find(in: document(phase, iteration: iteration, own: once.output)) else {
                    return failure("bad_expression", iteration: iteration, output: last)
                }
                if isTrue(found) { return once }
            }
            last = once.output
        }
        return failure("never")
    }

    private mutating func runOnce(_ phase: RandomGraph.Phase, _ iteration: Int, _ own: JSON?) -> End {
        let document = document(phase, iteration: iteration, own: own)
        if phase.chain != nil { return runEditorial(phase) }
        guard let list = phase.list else { return work(phase, document, iteration, nil) }
        guard let found = try? list.find(in: document) else { return failure("bad_expression") }
        let items = found.count == 1 ? found[0].array ?? found : found
        if items.count > phase.maxItems ?? 1_000 { return failure("too_many_items") }
        var results: [End] = []
        for (index, item) in items.enumerated() {
            var document = document
            document["item"] = item
            document["index"] = .integer(Int64(index))
            results.append(work(phase, document, iteration, index))
        }
        let broken = results.indices.filter { results[$0].status == "failed" }
        if let first = broken.first, !phase.mayFail { return failure(results[first].code ?? "") }
        return End(
            status: "completed",
            output: [
                "items": .array(results.map { $0.output ?? .null }), "errors": .array(broken.map { .integer(Int64($0)) }),
            ])
    }

    /// A phase's work, or that of one element of its list.
    private mutating func work(_ phase: RandomGraph.Phase, _ document: JSON, _ iteration: Int, _ index: Int?) -> End {
        func done(_ output: JSON) -> End { End(status: "completed", output: output) }
        let key = "\(index.map(String.init) ?? "") \(iteration)"
        /// What servers, people and programs answer.
        let number = JSON.integer(Int64(10 * iteration + (index ?? 0)))
        let answer: JSON = ["status": 200, "headers": ["content-type": "application/json"], "body": ["n": number]]
        switch phase.work {
        case .transform(let expression, let isList):
            guard let found = try? expression.find(in: document) else { return failure("bad_expression") }
            return done(isList || found.count > 1 ? .array(found) : found.first ?? .null)
        case .branch(let cases, let otherwise):
            for (index, branchCase) in cases.enumerated() {
                guard let found = try? branchCase.when.find(in: document) else { return failure("bad_expression") }
                if isTrue(found) {
                    return done(["case": .integer(Int64(index)), "chosen": .array(branchCase.then.map(JSON.string))])
                }
            }
            return done(["case": .null, "chosen": .array(otherwise.map(JSON.string))])
        case .signal(let data):
            return iteration < data.count ? done(["signal": .string(phase.id), "data": data[iteration]]) : failure("timeout")
        case .log:
            _ = isDone(phase, key, Fate(failures: 0, heals: 0))
            return done(["level": "info", "message": .string("n is \(graph.input["n"]?.int ?? -1)")])
        case .delay:
            return done(["for": "1ms"])
        case .agent(let fate):
            return isDone(phase, key, fate) ? done(["agent": .string("a\(fate.text)")]) : failure("unavailable")
        case .http(let fate, let isFinal):
            if isDone(phase, key, fate, isFinal: isFinal) { return done(answer) }
            return failure(isFinal && life < fate.heals ? "http_status" : "unavailable")
        case .custom(let fate):
            return isDone(phase, key, fate) ? done(["n": number]) : failure("busy")
        case .human(let heals, let expires):
            guard isAnswered(phase, key, heals: expires ? .max : heals) else { return failure(expires ? "expired" : "cancelled") }
            return done(["response": ["n": number], "completed_by": "local"])
        case .subtask(let fate):
            // Its own steps are tried often enough; its parent's starts it once in a life.
            guard isDone(phase, key, Fate(failures: 0, heals: fate.heals), isFinal: true) else { return failure("subtask_failed") }
            return done(["phase": "ask", "output": answer])
        default:
            return failure("never")
        }
    }

    func isTrue(_ found: [JSON]) -> Bool {
        found.contains { $0 != .null && $0 != .bool(false) }
    }

    private func document(_ phase: RandomGraph.Phase, iteration: Int, own: JSON?) -> JSON {
        var outputs: JSONObject = [:]
        var states: JSONObject = [:]
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
