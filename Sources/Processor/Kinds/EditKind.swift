import Base
import Foundation
import Store
import Workflow

/// An editor approves each draft, perhaps polished, or sends it back with feedback; its writer rewrites it, until the
/// editor approves or `max_cycles` are used up.
///
/// Drafts are taken up one by one as they get ready. With several editors the drafts go to them in turn.
struct EditKind: PhaseBehavior {
    let phase: EditPhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        let drafts = engine.openDrafts(before: definition)
        for (index, output) in drafts.enumerated() {
            let steps = engine.graph.steps(of: phaseID).filter { $0.outputID == output.id }
            guard steps.allSatisfy(\.status.isTerminal) else { continue }
            switch output.status {
            case .pendingEdit where engine.nextEditPhase(of: output)?.id == definition.id
                && engine.entrants(of: definition).contains { $0.id == output.id }:
                engine.addStep(
                    .edit, to: phaseID, definition, agent: phase.agents[index % phase.agents.count], outputID: output.id,
                    input: ["cycle": .integer(Int64(output.editCycle + 1))])
            case .pendingRewrite where steps.last?.kind == .edit:
                guard let writer = output.writer["slug"]?.string else { continue }
                engine.addStep(
                    .rewrite, to: phaseID, definition, agent: writer, outputID: output.id,
                    input: ["cycle": .integer(Int64(output.editCycle))])
            default:
                continue
            }
        }
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard engine.isFed(definition), !engine.hasOpenSteps(phaseID) else { return nil }
        guard engine.openDrafts(before: definition).allSatisfy({ engine.isEdited($0, in: definition) }) else { return nil }
        // What a later phase has done to a draft since changes nothing here.
        let done = Set(engine.graph.steps(of: phaseID).filter { $0.output?["done"] == true }.compactMap(\.outputID))
        let open = Set(engine.openDrafts(before: definition).map(\.id))
        let drafts = engine.graph.outputs.filter { open.contains($0.id) || done.contains($0.id) }
        guard !drafts.isEmpty else {
            return .failed(engine.firstFailure(in: phaseID, code: "no_drafts", "No draft came through editing."))
        }
        return .completed(["output_ids": drafts.named])
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard let outputID = step.outputID, let output = engine.graph.output(outputID) else { return supersededNote }
        switch result {
        case .text(let text, let reason, let usage) where output.status == .rewriting:
            return engine.addVersion(
                text, reason, to: output, by: step, .rewrite, feedback: output.editorFeedback, usage: usage, next: .pendingEdit)
        case .decision(let decision, let usage) where output.status == .editing:
            return decide(&engine, decision, usage, on: output, step, definition)
        default:
            return supersededNote
        }
    }

    private func decide(
        _ engine: inout TaskEngine, _ decision: EditDecision, _ usage: Usage, on output: OutputRow, _ step: StepRow,
        _ definition: PhaseDefinition
    ) -> JSON {
        let cycle = 1 + engine.graph.steps(of: step.phaseID).count { other in
            other.outputID == output.id && other.kind == .edit && other.status == .completed
        }
        let isLast = cycle >= phase.maxCycles
        let next: OutputStatus =
            if decision.isApproved {
                engine.isThroughEditing(output, but: definition) ? .approved : .pendingEdit
            } else {
                isLast ? .maxCyclesReached : .pendingRewrite
            }
        if next == .maxCyclesReached {
            engine.log(
                .limit, step, .warning, "The draft \(output.track) was not approved in \(cycle) cycles, and goes on as it is.",
                ["limit": "max_cycles", "output_id": .string(output.id.text)])
        }
        let editor = engine.agent(step.agent)?.json
        engine.graph.updateOutput(output.id) { row in
            row.editor = editor
            row.editCycle += 1
            row.editorApproved = decision.isApproved
            row.editorFeedback = decision.feedback
            row.usage = row.usage.adding(usage)
            row.status = next
        }
        var outcome: JSONObject = [
            "output_id": .string(output.id.text), "approved": .bool(decision.isApproved),
            "feedback": .string(decision.feedback), "done": .bool(decision.isApproved || isLast),
            "usage": usage.json,
        ]
        if decision.isApproved, let polished = decision.content, polished != output.content,
            let approved = engine.graph.output(output.id)
        {
            // A decision that could be read is whole, and so is the text in it.
            let added = engine.addVersion(
                polished, .stop, to: approved, by: step, .edit, feedback: decision.feedback, usage: .zero, next: next)
            outcome["version_number"] = added["version_number"]
        }
        return .object(outcome)
    }

    func run(_ run: StepRun) async throws(ProviderError) -> StepResult {
        let draft = try run.draft()
        if run.step.kind == .rewrite {
            let prompt = RewritePrompt.text(
                draft: draft.promptDraft, feedback: draft.editorFeedback ?? "", assignment: run.assignment())
            let response = try await run.complete(prompt: prompt, shows: .text)
            return .text(try run.nonEmpty(response), response.finishReason, usage: response.usage)
        }
        let prompt =
            run.ownPrompt(phase.prompt, draft.promptDraft.notice, EditPrompt.answer)
            ?? EditPrompt.text(
                draft: draft.promptDraft, assignment: run.assignment(), cycle: run.step.input["cycle"]?.int ?? 1,
                maxCycles: phase.maxCycles)
        let response = try await run.complete(prompt: prompt, schema: EditDecisionSchema.response, shows: .polish)
        return .decision(try EditDecision.parse(response.text), usage: response.usage)
    }
}
