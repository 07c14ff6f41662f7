/// Workflows that the tests publish.
enum Definitions {
    /// The whole way: two drafts, an edit loop, scores, finalists and ballots.
    static func editorial(_ provider: String = "rehearsal", name: String = "editorial", last: String = "") -> String {
        """
        name: \(name)
        version: 1.0.0
        input: {type: object, properties: {topic: {type: string, default: swifts}}}
        agents:
          warm: {role: writer, model: \(provider)/warm}
          terse: {role: writer, model: \(provider)/terse}
          copy: {role: editor, model: \(provider)/copy}
          ada: {role: evaluator, model: \(provider)/ada}
          bob: {role: evaluator, model: \(provider)/bob}
        phases:
          - {id: write, kind: write, agents: [warm, terse], prompt: "Write a post on {{topic}}."}
          - {id: edit, kind: edit, agents: [copy], max_cycles: 2}
          - {id: judge, kind: evaluate, stage: initial, agents: [ada, bob], criteria: [{id: clarity}]}
          - {id: finalists, kind: select, top: 2}
          - {id: rank, kind: rank, agents: [ada, bob]}
        \(last)
        """
    }

    /// The same, and then it waits until `release` is signalled.
    static func held(_ provider: String = "rehearsal") -> String {
        editorial(provider, name: "held", last: "  - {id: hold, kind: signal, name: release}")
    }

    /// One draft.
    static func draft(_ provider: String = "rehearsal", name: String = "draft", attributes: String = "") -> String {
        """
        name: \(name)
        version: 1.0.0
        agents:
          warm: {role: writer, model: \(provider)/warm}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write a post on {{topic}}."\(attributes)}
        """
    }

    /// Two drafts and two judges' scores.
    static func judged(_ provider: String, attributes: String = "") -> String {
        """
        name: judged
        version: 1.0.0
        agents:
          warm: {role: writer, model: rehearsal/warm}
          terse: {role: writer, model: rehearsal/terse}
          ada: {role: evaluator, model: rehearsal/ada}
          bob: {role: evaluator, model: \(provider)/bob}
        phases:
          - {id: write, kind: write, agents: [warm, terse], prompt: "Write a post on {{topic}}."}
          - {id: judge, kind: evaluate, stage: final, agents: [ada, bob], criteria: [{id: clarity}]\(attributes)}
        """
    }

    /// A draft, a wait that ends by itself, and another draft.
    static func brief(_ provider: String) -> String {
        """
        name: brief
        version: 1.0.0
        agents:
          warm: {role: writer, model: \(provider)/warm}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write a line on {{topic}}."}
          - {id: hold, kind: signal, name: never, timeout: 300ms, on_failure: continue}
          - {id: again, kind: write, agents: [warm], prompt: "Write another line on {{topic}}."}
        """
    }

    /// A draft and two lines in the log.
    static let noted = """
        name: noted
        version: 1.0.0
        agents:
          warm: {role: writer, model: rehearsal/warm}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write a line on {{topic}}."}
          - {id: note, kind: log, message: "written"}
          - {id: last, kind: log, message: "done"}
        """

    /// Waits for a sub-task.
    static let parent = """
        name: parent
        version: 1.0.0
        phases:
          - {id: part, kind: workflow, name: child, input: {topic: "{{topic}}"}}
        """

    /// Waits until `release` is signalled.
    static let child = """
        name: child
        version: 1.0.0
        phases:
          - {id: hold, kind: signal, name: release}
        """

    /// One sub-task for each element of a list, and one after the other.
    static let nested = """
        name: nested
        version: 1.0.0
        input:
          type: object
          properties: {topic: {type: string}, parts: {type: array, default: [1, 2, 3]}}
        phases:
          - {id: parts, kind: workflow, name: piece, for_each: "$.input.parts", concurrency: 2, input: {topic: "{{item}} of {{topic}}"}}
          - {id: again, kind: workflow, name: piece, repeat: {max: 2}, needs: [], input: {topic: "{{iteration}} of {{topic}}"}}
          - {id: done, kind: log, message: "{{phases.parts.items.0.task_id}}", needs: [parts, again]}
        """

    /// A sub-task of `nested`.
    static func piece(_ provider: String) -> String {
        """
        name: piece
        version: 1.0.0
        agents:
          warm: {role: writer, model: \(provider)/warm}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write a line on {{topic}}."}
          - {id: note, kind: log, message: "written"}
        """
    }

    /// The general kinds in a graph: branches beside each other, a list, a cycle, a line in the log, a wait, and a
    /// question that nobody answers.
    static func general(_ provider: String) -> String {
        """
        name: general
        version: 1.0.0
        input:
          type: object
          properties: {topic: {type: string, default: swifts}, parts: {type: array, default: [1, 2, 3]}}
        agents:
          warm: {role: writer, model: \(provider)/warm}
        phases:
          - {id: plan, kind: agent, agents: [warm], prompt: "Plan a post on {{topic}}."}
          - {id: note, kind: log, message: "planned {{topic}}"}
          - {id: rest, kind: delay, for: 300ms}
          - {id: parts, kind: agent, agents: [warm], for_each: "$.input.parts", concurrency: 2, needs: [plan],
             prompt: "Part {{item}} of a post on {{topic}}."}
          - {id: more, kind: agent, agents: [warm], repeat: {max: 2}, needs: [plan], prompt: "More on {{topic}}."}
          - {id: all, kind: transform, expression: "$.phases.parts.items", needs: [rest, parts, more]}
          - {id: ask, kind: human, title: "Is {{topic}} done?", due_in: 300ms, on_failure: continue}
          - {id: done, kind: log, message: "done with {{topic}}"}
        """
    }
}
