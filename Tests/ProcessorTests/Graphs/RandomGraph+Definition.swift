import Base
import Workflow

extension RandomGraph {
    /// The sub-task that phases of kind `workflow` start; it asks a server in the name of its parent.
    static let subtask = """
        name: sub
        version: 1.0.0
        phases:
          - {id: ask, kind: http, url: "https://random.example/{{{path}}}", retry: {max_attempts: 5, initial: 1ms, max: 1ms}}
        """

    var definition: JSON {
        var agents: JSONObject = [:]
        for slug in phases.flatMap(Self.agents) {
            agents[slug] = ["role": slug.hasPrefix("w") ? "writer" : slug.hasPrefix("e") ? "editor" : "evaluator", "model": "test/m"]
        }
        var listed = order.map { json(phases[$0]) }
        if let flaw { damage(&listed, flaw) }
        return [
            "name": .string("random-\(seed)"), "version": "1.0.0", "agents": .object(agents), "phases": .array(listed),
        ]
    }

    static func agents(_ phase: Phase) -> [String] {
        switch phase.work {
        case .agent(let fate): ["a\(fate.text)"]
        case .write(let writers): writers.map(\.slug)
        case .edit(let editors, let fate, let rejects, _): (0..<editors).map { "e\($0)r\(rejects)\(fate.text)" }
        case .evaluate(let judges, _), .rank(let judges, _, _, _): judges.enumerated().map { "j\($0)\($1.text)" }
        default: []
        }
    }

    /// Tells calls apart, by task, phase, element and run.
    private static let place = "{{task.task_id}}/{{task.phase}}/{{index}}/{{iteration}}"

    private func json(_ phase: Phase) -> JSON {
        var json = work(phase)
        json["id"] = .string(phase.id)
        json["needs"] = .array(phase.needs.map(JSON.string))
        let agents = Self.agents(phase)
        if !agents.isEmpty { json["agents"] = .array(agents.map(JSON.string)) }
        json["retry"] = ["max_attempts": .integer(Int64(phase.maxAttempts)), "initial": "1ms", "max": "1ms"]
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

    /// The kind and what belongs to it.
    private func work(_ phase: Phase) -> JSONObject {
        switch phase.work {
        case .transform(let expression, let isList):
            return ["kind": "transform", "expression": .string(expression.text), "list": .bool(isList)]
        case .branch(let cases, let otherwise):
            let cases = cases.map { ["when": .string($0.when.text), "then": .array($0.then.map(JSON.string))] as JSON }
            var json: JSONObject = ["kind": "branch", "cases": .array(cases)]
            if !otherwise.isEmpty { json["else"] = otherwise.count == 1 ? .string(otherwise[0]) : .array(otherwise.map(JSON.string)) }
            return json
        case .signal: return ["kind": "signal", "timeout": "1ms"]
        case .log: return ["kind": "log", "message": "n is {{input.n}}"]
        case .delay: return ["kind": "delay", "for": "1ms"]
        case .agent: return ["kind": "agent", "prompt": .string(Self.place)]
        case .http(let fate, let isFinal):
            return ["kind": "http", "url": .string("https://random.example/\(Self.place)/\(isFinal ? "final" : "soft")-\(fate.text)")]
        case .custom(let fate): return ["kind": "test.random", "fate": .string(fate.text)]
        case .human(_, let expires):
            var json: JSONObject = ["kind": "human", "title": "{{task.phase}} {{item}}?"]
            if expires { json["due_in"] = "1ms" }
            return json
        case .subtask(let fate):
            return ["kind": "workflow", "name": "sub", "input": ["path": .string("\(Self.place)/soft-\(fate.text)")]]
        case .write(let writers):
            let scores = writers.map { "\($0.slug)=\($0.score)" }.joined(separator: " ")
            return ["kind": "write", "prompt": .string("scores: \(scores)")]
        case .edit(_, _, _, let maxCycles): return ["kind": "edit", "max_cycles": .integer(Int64(maxCycles))]
        case .evaluate(_, let stage): return ["kind": "evaluate", "stage": .string(stage.rawValue)]
        case .select(let top): return ["kind": "select", "top": .integer(Int64(top))]
        case .rank(_, let stage, let method, let asksPairs):
            var json: JSONObject = ["kind": "rank", "stage": .string(stage.rawValue), "method": .string(method)]
            if asksPairs { json["comparisons"] = "pairs" }
            return json
        }
    }

    static let flaws = [
        "unknown need", "cycle", "unread phase", "syntax", "list on a branch", "choice without need", "own output", "unknown agent",
        "cycle of a ranking", "question without a title", "unknown method", "sub-task without a name", "list of signals",
        "choice without judges",
    ]

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
        case "unknown agent": listed.append(["id": "flaw", "kind": "edit", "agents": ["nobody"]])
        case "cycle of a ranking": listed.append(["id": "flaw", "kind": "select", "repeat": ["max": 2]])
        case "question without a title": listed.append(["id": "flaw", "kind": "human"])
        case "unknown method": listed.append(["id": "flaw", "kind": "http", "url": "https://random.example", "method": "FETCH"])
        case "sub-task without a name": listed.append(["id": "flaw", "kind": "workflow"])
        case "choice without judges": listed.append(["id": "flaw", "kind": "select", "needs": []])
        case "list of signals": listed.append(["id": "flaw", "kind": "signal", "for_each": "$.input.list"])
        default:
            listed.append(["id": "flaw", "kind": "transform", "expression": "$.phases.flaw"])
        }
    }
}
