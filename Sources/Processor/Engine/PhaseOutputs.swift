import Base
import Foundation
import Store
import Workflow

/// What the phases of a task brought, as templates, expressions, results and custom kinds see it.
///
/// An editorial phase only names its outputs (`phases.output.output_ids`), so that a text has one place and a change by hand
/// reaches every reader. `pressroom.phase_output` and `pressroom.accumulated_context` make the same of the tables.
struct PhaseOutputs {
    private let outputs: [String: OutputRow]

    init(_ outputs: [OutputRow]) {
        self.outputs = Dictionary(outputs.map { ($0.id.text, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The output of a phase with the rows that it names, as they are now.
    func shown(_ output: JSON, of kind: PhaseKind) -> JSON {
        guard kind.isEditorial, let members = output.object, let ids = members["output_ids"]?.array else { return output }
        var shown: JSONObject = [:]
        for (name, value) in members {
            if name == "output_ids" {
                shown["outputs"] = .array(ids.compactMap { id in id.string.flatMap { outputs[$0]?.summary } })
            } else {
                shown[name] = value
            }
        }
        return .object(shown)
    }

    /// The accumulated context: `phases.<id>` is what each completed phase brought, `step_<n>_output` the text of the n-th one,
    /// counted from 0.
    ///
    /// - Parameter names: the members that are looked for; nil: all. Phases can have brought megabytes.
    func accumulated(_ phases: [PhaseRow], _ workflow: WorkflowDefinition, only names: Set<String>? = nil) -> JSONObject {
        func isWanted(_ name: String) -> Bool { names?.contains(name) ?? true }
        var members: JSONObject = [:]
        var shown: JSONObject = [:]
        let showsPhases = isWanted("phases")
        let completed = phases.filter { $0.status == .completed }
        for phase in completed.sorted(by: { ($0.place ?? .max, $0.ordinal) < ($1.place ?? .max, $1.ordinal) }) {
            guard let kind = workflow.phase(phase.key)?.kind else { continue }
            let text = phase.place.map { "step_\($0)_output" }.flatMap { isWanted($0) ? $0 : nil }
            guard showsPhases || text != nil else { continue }
            let output = self.shown(phase.output ?? .null, of: kind)
            if let text { members[text] = .string(Self.text(of: output, kind)) }
            if showsPhases { shown[phase.key] = output }
        }
        if showsPhases { members["phases"] = .object(shown) }
        return members
    }

    /// The texts of a phase's outputs, best first, or the answer of its agent; the output as JSON where it has neither.
    private static func text(of output: JSON, _ kind: PhaseKind) -> String {
        switch kind {
        case .agent:
            let answer = output["output"] ?? output
            return answer.string ?? answer.text
        default:
            let texts = output["outputs"]?.array?.compactMap { $0["content"]?.string } ?? []
            return texts.isEmpty ? output.text : texts.joined(separator: "\n\n")
        }
    }
}

extension [OutputRow] {
    /// As an editorial phase's output names them.
    var named: JSON { .array(map { .string($0.id.text) }) }
}

extension OutputRow {
    /// The output as what a phase brought shows it, and prompts.
    var summary: JSON {
        [
            "output_id": .string(id.text), "track": .string(track), "status": .string(status.rawValue),
            "writer": writer["slug"] ?? .null, "content": content.map(JSON.string) ?? .null,
            "version_number": .integer(Int64(versionNumber)),
            "finish_reason": finishReason.map { .string($0.rawValue) } ?? .null,
        ]
    }

    /// The draft as the prompts of editors and judges show it.
    var promptDraft: PromptDraft { PromptDraft(content ?? "", isCut: finishReason?.isCut ?? false) }
}

/// Rows that were changed by hand after the task had read them.
extension TaskEngine {
    /// The output of a phase as others see it; nil without one.
    func shownOutput(of definition: PhaseDefinition) -> JSON? {
        graph.phase(definition.id)?.output.map { PhaseOutputs(graph.outputs).shown($0, of: definition.kind) }
    }

    /// Takes in the results of sub-tasks that have changed since they ended.
    mutating func rereadSubtasks() {
        for child in graph.subtasks where child.status == .completed {
            guard let step = graph.steps.first(where: { $0.id == child.stepID }), step.status == .completed,
                step.attempt == child.attempt, step.output != child.output,
                StepFailure(tooDeep: child.output, "result of the sub-task") == nil
            else { continue }
            graph.updateStep(step.id) { $0.output = child.output }
            guard let phase = graph.phases.first(where: { $0.id == step.phaseID }), phase.status == .completed,
                let definition = workflow.definition.phase(phase.key),
                case .completed(let output)? = definition.behavior.conclusion(&self, phase.id, definition)
            else { continue }
            graph.updatePhase(phase.id) { $0.output = output }
        }
    }
}
