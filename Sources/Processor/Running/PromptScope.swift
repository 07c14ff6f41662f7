import Foundation
import Store
import Workflow

/// What templates can refer to: the task's input (its keys also by themselves), what the finished phases brought, and
/// the execution context.
struct PromptScope {
    var members: [String: JSON]

    /// - Parameters:
    ///   - phase: the row of the phase that asks; a phase that repeats sees what its last run brought.
    ///   - input: the step's, which knows the item of a list and the run of a cycle.
    init(_ task: TaskRow, _ definition: PhaseDefinition, _ phase: PhaseRow?, _ input: JSON) {
        members = task.accumulatedContext.object ?? [:]
        members.merge(task.input.object ?? [:]) { _, own in own }
        if members["phases"] == nil { members["phases"] = [:] }
        if let phase, phase.iteration > 0 { members["phases"]?[definition.id] = phase.output ?? .null }
        members["input"] = task.input
        members["config"] = task.config
        members["context"] = task.context
        members["task"] = ["task_id": .string(task.taskID.text), "phase": .string(definition.id)]
        for name in ["item", "index", "iteration"] { members[name] = input[name] ?? members[name] }
    }

    /// - Parameter limit: about how many bytes the text may have.
    func render(
        _ template: String, as escaping: PromptTemplate.Escaping = .none, atMost limit: Int = TemplateBudget.maximumBytes
    ) -> String {
        // Templates were checked when the workflow was published.
        guard let prompt = try? PromptTemplate(template, escaping: escaping) else { return template }
        return prompt.render(.object(members), atMost: limit)
    }
}
