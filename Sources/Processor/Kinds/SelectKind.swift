import Base
import Foundation
import Store
import Workflow

/// Chooses the best drafts by their initial rank; drafts without a rank come last, in the order they were written.
struct SelectKind: InstantBehavior {
    let phase: SelectPhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        let entrants = engine.entrants(of: definition).enumerated().sorted { first, second in
            (first.element.initialRank ?? .max, first.offset) < (second.element.initialRank ?? .max, second.offset)
        }
        let chosen = entrants.prefix(phase.top).map(\.element.id)
        guard !chosen.isEmpty, engine.graph.newFinalists.allSatisfy({ $0.phaseID != phaseID }) else { return }
        for entrant in entrants {
            engine.graph.updateOutput(entrant.element.id) { $0.isFinalist = chosen.contains($0.id) }
        }
        engine.graph.newFinalists.append(.init(phaseID: phaseID, outputIDs: chosen))
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard let chosen = engine.graph.newFinalists.first(where: { $0.phaseID == phaseID }) else {
            return .failed(StepFailure(code: "no_drafts", message: "There is no draft to choose.", isRetryable: false))
        }
        let outputs = chosen.outputIDs.compactMap { engine.graph.output($0) }
        return .completed(["output_ids": outputs.named])
    }
}
