import Foundation
import Store
import Workflow

/// Which drafts a phase works on.
extension TaskEngine {
    /// The drafts that are ready for a phase: written by a write phase before it, done with every edit phase before it,
    /// not failed, and, after a `select`, chosen.
    func entrants(of definition: PhaseDefinition) -> [OutputRow] {
        let before = workflow.ancestors[definition.id] ?? []
        let edits = workflow.ancestors(of: definition.id, kind: .edit)
        let isSelected = isSelected(before: definition)
        return graph.outputs.filter { output in
            guard output.status != .failed, output.content != nil, let origin = writePhase(of: output.id),
                before.contains(origin), output.status != .writing, output.status != .pendingWrite
            else { return false }
            if isSelected && !output.isFinalist { return false }
            // Not the edits of another branch that is joined here.
            return edits.allSatisfy { edit in
                workflow.ancestors[edit.id]?.contains(origin) != true || isEdited(output, in: edit)
            }
        }
    }

    /// The drafts that the write phases before a phase have made or will make, failed ones left out, and after a
    /// `select` those that were not chosen.
    func openDrafts(before definition: PhaseDefinition) -> [OutputRow] {
        let before = workflow.ancestors[definition.id] ?? []
        let isSelected = isSelected(before: definition)
        return graph.outputs.filter { output in
            output.status != .failed && writePhase(of: output.id).map(before.contains) == true
                && (!isSelected || output.isFinalist)
        }
    }

    /// Whether finalists were chosen before a phase; a `select` that was skipped chose nobody.
    private func isSelected(before definition: PhaseDefinition) -> Bool {
        workflow.ancestors(of: definition.id, kind: .select).contains { graph.phase($0.id)?.isPassedOver != true }
    }

    /// Whether an edit phase has approved the draft or has used up its cycles on it.
    func isEdited(_ output: OutputRow, in definition: PhaseDefinition) -> Bool {
        // Also when an operator approved it by hand.
        if output.status == .maxCyclesReached || output.status == .approved { return true }
        guard let phase = graph.phase(definition.id) else { return false }
        if phase.status == .failed || phase.status == .skipped { return true }
        return graph.steps.contains { step in
            step.phaseID == phase.id && step.outputID == output.id && step.kind == .edit && step.status == .completed
                && step.output?["done"] == true
        }
    }

    /// The edit phases that a draft goes through, in the order of the definition.
    func editPhases(of output: OutputRow) -> [PhaseDefinition] {
        writePhase(of: output.id).map { workflow.editPhases(after: $0) } ?? []
    }

    /// Whether no edit phase has anything to do on a draft any more, but for the one given; one that a retry of the task
    /// may still bring has.
    func isThroughEditing(_ output: OutputRow, but current: PhaseDefinition? = nil) -> Bool {
        editPhases(of: output).allSatisfy { edit in
            if edit.id == current?.id { return true }
            guard let phase = graph.phase(edit.id) else { return true }
            switch phase.status {
            case .skipped: return phase.isPassedOver
            case .failed: return edit.onFailure == .continue
            default: return isEdited(output, in: edit)
            }
        }
    }

    /// The edit phase whose turn it is on a draft; nil when none is left.
    func nextEditPhase(of output: OutputRow) -> PhaseDefinition? {
        editPhases(of: output).first { !isEdited(output, in: $0) }
    }

    /// The key of the phase that an output was written in.
    private func writePhase(of outputID: UUID) -> String? {
        guard let step = graph.steps.first(where: { $0.outputID == outputID && $0.kind == .write }) else { return nil }
        return graph.phases.first { $0.id == step.phaseID }?.key
    }
}

extension TaskEngine {
    /// Whether a draft is a judge's own, which `exclude_own` keeps from it.
    func isOwn(_ output: OutputRow, of judge: AgentDefinition) -> Bool {
        agent(output.writer["slug"]?.string).map { OwnDrafts.areOwn(writer: $0, judge: judge) } ?? false
    }
}

extension TaskEngine {
    /// Sets right what somebody left half done by hand: a draft whose step was closed in `psql` waits for nothing.
    mutating func mendDrafts() {
        for output in graph.outputs where !output.status.isSettled {
            guard let step = graph.steps.last(where: { $0.outputID == output.id && $0.kind.waitingOutputStatus != nil })
            else { continue }
            switch step.status {
            case .failed, .skipped, .cancelled:
                graph.updateOutput(output.id) { row in
                    row.status = .failed
                    row.error = step.error ?? StepFailure(
                        code: "step_\(step.status)", message: "The step on the draft was \(step.status).", isRetryable: false).json
                }
            case .completed where output.status == step.kind.activeOutputStatus:
                let next: OutputStatus = isThroughEditing(output) ? .approved : .pendingEdit
                graph.updateOutput(output.id) { row in
                    row.status = row.content == nil ? .failed : row.status == .rewriting ? .pendingEdit : next
                }
            default: continue
            }
        }
    }
}

/// How an output stands in a phase's output and in prompts.
enum OutputSummary {
    static func json(_ output: OutputRow) -> JSON {
        [
            "output_id": .string(output.id.text), "track": .string(output.track), "status": .string(output.status.rawValue),
            "writer": output.writer["slug"] ?? .null, "content": output.content.map(JSON.string) ?? .null,
            "version_number": .integer(Int64(output.versionNumber)),
        ]
    }
}

/// Sums tokens and costs over the calls that went into a row.
enum UsageSum {
    static func adding(_ usage: Usage, to sum: JSON) -> JSON {
        (usage + Usage(json: sum)).json
    }
}
