import Workflow

/// A random workflow with the input and the fate of its steps: all that its end follows from.
struct RandomGraph: Sendable {
    struct Phase: Sendable {
        enum Work: Sendable {
            case transform(RandomExpression, isList: Bool)
            case branch(cases: [(when: RandomExpression, then: [String])], otherwise: [String])
            /// Each writer's calls fail this often before one succeeds.
            case write(failures: [Int], maxAttempts: Int)
            /// The data of the signals that were sent before the task began; one that did not come is not waited for long.
            case signal(data: [JSON])
            /// As a writer's calls do.
            case agent(failures: Int, maxAttempts: Int)
            case log
            case delay
        }

        let id: String
        var needs: [String]
        var work: Work
        var when: RandomExpression?
        var list: RandomExpression?
        var maxItems: Int?
        var repeats: (max: Int, until: RandomExpression?)?
        var mayFail = false
        var concurrency: Int?
    }

    var seed: UInt64
    var input: JSON
    /// Each behind all that it needs.
    var phases: [Phase]
    /// The places of the phases in the definition.
    var order: [Int]
    /// A mistake that was put in, and must be found.
    var flaw: String?

    /// Everything before a phase.
    func ancestors(of id: String) -> Set<String> {
        guard let phase = phases.first(where: { $0.id == id }) else { return [] }
        return phase.needs.reduce(into: Set(phase.needs)) { $0.formUnion(ancestors(of: $1)) }
    }

    static let mostWriters = 5

    var definition: JSON {
        var agents: [String: JSON] = [:]
        for failures in 0..<Self.mostWriters {
            agents["w\(failures)"] = ["role": "writer", "model": "test/m"]
        }
        var listed = order.map { json(phases[$0]) }
        if let flaw { damage(&listed, flaw) }
        return [
            "name": .string("random-\(seed)"), "version": "1.0.0", "agents": .object(agents), "phases": .array(listed),
        ]
    }

    private func json(_ phase: Phase) -> JSON {
        var json: [String: JSON] = ["id": .string(phase.id), "needs": .array(phase.needs.map(JSON.string))]
        switch phase.work {
        case .transform(let expression, let isList):
            json["kind"] = "transform"
            json["expression"] = .string(expression.text)
            if isList { json["list"] = true }
        case .branch(let cases, let otherwise):
            json["kind"] = "branch"
            json["cases"] = .array(
                cases.map { ["when": .string($0.when.text), "then": .array($0.then.map(JSON.string))] })
            if !otherwise.isEmpty { json["else"] = otherwise.count == 1 ? .string(otherwise[0]) : .array(otherwise.map(JSON.string)) }
        case .write(let failures, let maxAttempts):
            json["kind"] = "write"
            json["agents"] = .array(failures.map { .string("w\($0)") })
            json["prompt"] = "{{task.task_id}} {{task.phase}}"
            json["retry"] = Self.retry(maxAttempts)
        case .agent(let failures, let maxAttempts):
            json["kind"] = "agent"
            json["agents"] = [.string("w\(failures)")]
            // Each call of its own, so that the writer counts each one's failures.
            json["prompt"] = "{{task.task_id}} {{task.phase}} {{index}} {{iteration}}"
            json["retry"] = Self.retry(maxAttempts)
        case .log:
            json["kind"] = "log"
            json["message"] = "n is {{input.n}}"
        case .delay:
            json["kind"] = "delay"
            json["for"] = "1ms"
        case .signal:
            json["kind"] = "signal"
            json["timeout"] = "1ms"
        }
        if let when = phase.when { json["when"] = .string(when.text) }
        if let list = phase.list { json["for_each"] = .string(list.text) }
        if let maxItems = phase.maxItems { json["max_items"] = .integer(Int64(maxItems)) }
        if let repeats = phase.repeats {
            json["repeat"] = ["max": .integer(Int64(repeats.max))]
            if let until = repeats.until { json["repeat"]?["until"] = .string(until.text) }
        }
        if let concurrency = phase.concurrency { json["concurrency"] = .integer(Int64(concurrency)) }
        if phase.mayFail { json["on_failure"] = "continue" }
        return .object(json)
    }

    private static func retry(_ maxAttempts: Int) -> JSON {
        ["max_attempts": .integer(Int64(maxAttempts)), "initial": "1ms", "max": "1ms"]
    }

    static let flaws = ["unknown need", "cycle", "unread phase", "syntax", "list on a branch", "choice without need", "own output"]

    private func damage(_ listed: inout [JSON], _ flaw: String) {
        let last = listed.count - 1
        switch flaw {
        case "unknown need": listed[last]["needs"] = ["nobody"]
        case "cycle": listed[last]["needs"] = [listed[last]["id"] ?? .null]
        case "unread phase": listed[last]["when"] = "$.phases.nobody == 1"
        case "syntax": listed[last]["when"] = "$.input.n =="
        case "list on a branch":
            listed.append(["id": "flaw", "kind": "branch", "for_each": "$.input.list", "cases": [["when": "1 == 1", "then": []]]])
        case "choice without need":
            listed.append(["id": "flaw", "kind": "branch", "cases": [["when": "1 == 1", "then": listed[0]["id"] ?? .null]]])
        default:
            listed.append(["id": "flaw", "kind": "transform", "expression": "$.phases.flaw"])
        }
    }
}
