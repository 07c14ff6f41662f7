import Base
@testable import Workflow

/// Definitions that tests start from.
enum Fixtures {
    /// Every kind and attribute that this version carries out.
    static let launchPost = """
        name: launch-post
        version: 1.0.0
        description: Two writers draft, an editor polishes, two judges rank, a person approves.
        category: marketing
        tags: [blog]
        concurrency: 20
        input:
          type: object
          required: [topic]
          properties:
            topic: {type: string, minLength: 1, maxLength: 500}
            audience: {type: string, default: developers}
        agents:
          warm:  {role: writer, name: Warm writer, model: local/smollm2, system: You write warmly., temperature: 0.9}
          terse: {role: writer, model: openai/gpt-5-mini, system: You write in short sentences., max_tokens: 800}
          copy:  {role: editor, model: anthropic/claude-sonnet, system: You are a strict copy editor.}
          ada:   {role: evaluator, model: rehearsal/judge}
          bob:   {role: evaluator, model: rehearsal/judge}
        phases:
          - {id: write, kind: write, agents: [warm, terse], prompt: "Write a post on {{topic}} for {{audience}}."}
          - {id: edit, kind: edit, agents: [copy], max_cycles: 3}
          - {id: judge, kind: evaluate, stage: initial, agents: [ada, bob], scale: {min: 1, max: 10},
             criteria: [{id: clarity, weight: 2}, {id: hook, weight: 1}]}
          - {id: finalists, kind: select, top: 3}
          - {id: rank, kind: rank, stage: final, agents: [ada, bob], method: ballots, points: [100, 60, 30, 10, 5],
             retry: {max_attempts: 5, initial: 500ms, factor: 3, max: 2m, jitter: 0.5, non_retryable: [refused]},
             timeout: 90s, concurrency: 2, on_failure: continue}
          - {id: go, kind: signal, name: publish, timeout: 2d, needs: [rank]}
        """

    /// A document around phases, each given as the inside of a flow mapping; phases start in line 7.
    static func workflow(phases: [String], head: String = "version: 1.0.0") -> String {
        """
        name: small
        \(head)
        agents:
          w: {role: writer, model: rehearsal/writer}
          j: {role: evaluator, model: rehearsal/judge}
        phases:
        \(phases.map { "  - {\($0)}" }.joined(separator: "\n"))
        """
    }

    static let write = "id: a, kind: write, agents: [w], prompt: Go"

    /// The problems of a YAML document; empty when it is a definition.
    static func problems(yaml: String) -> [Problem] {
        problems(yaml, .yaml)
    }

    static func problems(_ text: String, _ format: DefinitionFormat) -> [Problem] {
        do {
            _ = try WorkflowDefinition.parse(text, format: format)
            return []
        } catch {
            return error.problems
        }
    }
}
