import Foundation
import Store
import Workflow

/// What prompts can refer to.
extension StepCall {
    /// Renders a template over what all templates can refer to, the agent, and the draft the step works on.
    func render(_ template: String) -> String {
        promptScope.render(template)
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

    var promptScope: PromptScope {
        var scope = PromptScope(material.task, definition, material.phases.first { $0.id == step.phaseID }, step.input)
        if let agent { scope.members["agent"] = agent.json }
        if let output = material.outputs.first(where: { $0.id == step.outputID }) {
            scope.members["output"] = OutputSummary.json(output)
            scope.members["draft"] = output.content.map(JSON.string) ?? ""
            scope.members["feedback"] = output.editorFeedback.map(JSON.string) ?? ""
        }
        return scope
    }
}
