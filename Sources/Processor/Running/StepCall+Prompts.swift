import Foundation
import Store
import Workflow

/// What prompts can refer to.
extension StepCall {
    /// Renders a template over the task's input (its keys also by themselves), what the finished phases brought, the
    /// execution context, and the draft the step works on.
    func render(_ template: String) -> String {
        // Templates were checked when the workflow was published.
        guard let prompt = try? PromptTemplate(template) else { return template }
        return prompt.render(promptContext)
    }

    /// What the writer of the draft was asked, for those who judge it.
    func assignment() -> String? {
        let track = material.outputs.first { $0.id == step.outputID }?.writer["slug"]?.string
        let writePhases = workflow.ancestors(of: definition.id, kind: .write)
        for phase in writePhases {
            guard case .write(let write) = phase.spec else { continue }
            if track == nil || write.agents.contains(track ?? "") { return render(write.prompt) }
        }
        return nil
    }

    private var promptContext: JSON {
        let task = material.task
        var members = task.accumulatedContext.object ?? [:]
        members.merge(task.input.object ?? [:]) { _, own in own }
        if members["phases"] == nil { members["phases"] = [:] }
        members["input"] = task.input
        members["config"] = task.config
        members["context"] = context.json
        members["task"] = ["task_id": .string(task.taskID.text), "phase": .string(definition.id)]
        members["agent"] = agent.json
        if let output = material.outputs.first(where: { $0.id == step.outputID }) {
            members["output"] = OutputSummary.json(output)
            members["draft"] = output.content.map(JSON.string) ?? ""
            members["feedback"] = output.editorFeedback.map(JSON.string) ?? ""
        }
        return .object(members)
    }
}
