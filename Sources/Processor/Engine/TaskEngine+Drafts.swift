import Base
import Foundation
import Store
import Workflow

/// Which drafts a phase works on, and their texts.
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

    /// The drafts that the write phases before a phase have made or will make, without failed ones and, after a `select`,
    /// without those that were not chosen.
    func openDrafts(before definition: PhaseDefinition) -> [OutputRow] {
        let before = workflow.ancestors[definition.id] ?? []
        let isSelected = isSelected(before: definition)
        return graph.outputs.filter { output in
            output.status != .failed && writePhase(of: output.id).map(before.contains) == true
                && (!isSelected || output.isFinalist)
        }
    }

    /// Whether finalists were chosen before a phase; a `select` that was skipped chose none.
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
    private func editPhases(of output: OutputRow) -> [PhaseDefinition] {
        writePhase(of: output.id).map { workflow.editPhases(after: $0) } ?? []
    }

    /// Whether no edit phase, except `current`, will work on a draft again. One that a retry of the task may still run
    /// counts as open.
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

    /// Whether a draft is a judge's own, which `exclude_own` keeps from it.
    func isOwn(_ output: OutputRow, of judge: AgentDefinition) -> Bool {
        agent(output.writer["slug"]?.string).map { OwnDrafts.areOwn(writer: $0, judge: judge) } ?? false
    }

    /// Puts a new text on an output and keeps it as a version. Returns the `steps.output` of the step that wrote it.
    mutating func addVersion(
        _ text: String, _ reason: FinishReason?, to output: OutputRow, by step: StepRow, _ action: OutputVersionRow.Action, feedback: String?,
        usage: Usage, next: OutputStatus
    ) -> JSON {
        let number = output.versionNumber + 1
        graph.updateOutput(output.id) { row in
            row.content = text
            row.versionNumber = number
            row.finishReason = reason
            row.usage = row.usage.adding(usage)
            row.status = next
            row.error = nil
        }
        graph.newVersions.append(
            OutputVersionRow(
                outputID: output.id, versionNumber: number, action: action, agent: agent(step.agent)?.json ?? [:],
                content: text, feedback: feedback, finishReason: reason, usage: usage.json))
        return [
            "output_id": .string(output.id.text), "version_number": .integer(Int64(number)),
            "finish_reason": reason.map { .string($0.rawValue) } ?? .null, "usage": usage.json,
        ]
    }

    /// Approves drafts that only waited for an edit which does not take place.
    mutating func approveUnedited() {
        for output in graph.outputs where output.status == .pendingEdit && isThroughEditing(output) {
            graph.updateOutput(output.id) { $0.status = .approved }
        }
    }

    /// Completes what was changed by hand in part: a draft whose step was closed in `psql` is no longer waited for.
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

extension JSON {
    /// A row's sum of tokens and costs, with those of one more call.
    func adding(_ usage: Usage) -> JSON {
        (usage + Usage(json: self)).json
    }
}
