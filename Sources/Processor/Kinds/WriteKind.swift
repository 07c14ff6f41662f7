import Base
import Foundation
import Store
import Workflow

/// Each writer makes one draft on its own track.
struct WriteKind: PhaseBehavior {
    let phase: WritePhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        guard engine.graph.steps(of: phaseID).isEmpty else { return }
        for slug in phase.agents {
            guard let agent = engine.agent(slug) else { continue }
            let taken = Set(engine.graph.outputs.map(\.track))
            let output = OutputRow(track: taken.contains(slug) ? "\(definition.id).\(slug)" : slug, writer: agent.json)
            engine.graph.outputs.append(output)
            engine.addStep(.write, to: phaseID, definition, agent: slug, outputID: output.id)
        }
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard !engine.hasOpenSteps(phaseID) else { return nil }
        // A draft that failed in editing was written all the same.
        let steps = engine.graph.steps(of: phaseID)
        let ids = Set(steps.compactMap(\.outputID))
        let written = Set(steps.filter { $0.status == .completed }.compactMap(\.outputID))
        let drafts = engine.graph.outputs.filter { output in
            ids.contains(output.id) && (output.status != .failed || (written.contains(output.id) && output.content != nil))
        }
        guard !drafts.isEmpty else {
            return .failed(engine.firstFailure(in: phaseID, code: "no_drafts", "No writer finished a draft."))
        }
        return .completed(["output_ids": drafts.named])
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .text(let text, let reason, let usage) = result, let outputID = step.outputID,
            let output = engine.graph.output(outputID), output.status == .writing
        else { return supersededNote }
        let next: OutputStatus = engine.isThroughEditing(output) ? .approved : .pendingEdit
        return engine.addVersion(text, reason, to: output, by: step, .write, feedback: nil, usage: usage, next: next)
    }

    func run(_ run: StepRun) async throws(ProviderError) -> StepResult {
        let response = try await run.complete(prompt: run.render(phase.prompt), shows: .text)
        return .text(try run.nonEmpty(response), response.finishReason, usage: response.usage)
    }
}
