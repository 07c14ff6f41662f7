import Base
import Foundation
import Store
import Workflow

/// Expressions: what they see, and what their values mean.
extension TaskEngine {
    /// Whether a condition holds; nil while its value is missing.
    mutating func holds(
        _ condition: PathExpression, _ definition: PhaseDefinition, _ part: Questions.Group.Part, index: Int = 0,
        ownOutput: JSON? = nil
    ) throws(StepFailure) -> Bool? {
        try find(condition, definition, part, index: index, ownOutput: ownOutput).map(Self.isTrue)
    }

    /// What an expression finds, in order; nil while that is missing.
    ///
    /// The engine cannot suspend. It records the expressions it needs, continues without them, and runs again with their
    /// values in the same transaction.
    mutating func find(
        _ expression: PathExpression, _ definition: PhaseDefinition, _ part: Questions.Group.Part, index: Int = 0,
        item: JSON? = nil, ownOutput: JSON? = nil
    ) throws(StepFailure) -> [JSON]? {
        guard let phase = graph.phase(definition.id) else { return nil }
        let group = Questions.Group(phaseID: phase.id, part: part, iteration: phase.iteration)
        let extra: JSON = item.map { ["item": $0, "index": .integer(Int64(index))] } ?? [:]
        var questions = graph.questions
        graph.questions = Questions()  // not copied while it changes
        let answer = questions.ask(expression, group, index: index, extra: extra) {
            document(for: definition, phase, ownOutput: ownOutput)
        }
        graph.questions = questions
        switch answer {
        case nil: return nil
        case .found(let found): return found
        case .failed(let reason):
            throw StepFailure(
                code: "bad_expression", message: "The expression \(expression.text) fails: \(reason)", isRetryable: false)
        }
    }

    /// True where something is found that is neither false nor null: a predicate finds its value, a plain path finds what
    /// exists.
    static func isTrue(_ found: [JSON]) -> Bool {
        found.contains { $0 != .null && $0 != false }
    }

    /// Only the phases before this one can be seen, and its own last run: so the value does not depend on how far
    /// phases beside it have come.
    private func document(for definition: PhaseDefinition, _ phase: PhaseRow, ownOutput: JSON?) -> JSON {
        let before = workflow.ancestors[definition.id] ?? []
        let drafts = PhaseOutputs(graph.outputs)
        var outputs: JSONObject = [:]
        var states: JSONObject = [:]
        for other in graph.phases where before.contains(other.key) {
            if other.status == .completed, let kind = workflow.definition.phase(other.key)?.kind {
                outputs[other.key] = drafts.shown(other.output ?? .null, of: kind)
            }
            states[other.key] = ["status": .string(other.status.rawValue), "error": other.error ?? .null]
        }
        outputs[definition.id] = ownOutput ?? (phase.iteration > 0 ? phase.output ?? .null : nil)
        return [
            "input": graph.task.input, "phases": .object(outputs), "context": graph.task.context,
            "iteration": .integer(Int64(phase.iteration)),
            "task": [
                "task_id": .string(graph.task.taskID.text), "phase": .string(definition.id), "config": graph.task.config,
                "phases": .object(states),
            ],
        ]
    }
}
