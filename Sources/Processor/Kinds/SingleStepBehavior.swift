import Foundation
import Store
import Workflow

/// A kind whose phase does one piece of work, in one step. The step's output is the phase's.
protocol SingleStepBehavior: PhaseBehavior {
    /// The step that does the work: `pending` when a processor is to run it, `waiting` when something else ends it.
    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> NewStep

    /// Looks after an open step whenever the task moves. Kinds that wait end it here; those whose steps are run need not.
    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition)
}

/// What a kind says of a step that it adds.
struct NewStep {
    var kind: StepKind
    var status: StepStatus = .pending
    var agent: String?
    var input: JSON = [:]
    var runAt: StepRow.RunAt = .after(.zero)
}

extension SingleStepBehavior {
    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        if engine.graph.steps(of: phaseID).isEmpty {
            engine.addStep(step(&engine, phaseID, definition), to: phaseID, definition)
        }
        for step in engine.graph.steps(of: phaseID) where !step.status.isTerminal { tend(&engine, step, definition) }
        let open = engine.graph.steps(of: phaseID).filter { !$0.status.isTerminal }
        let waits = !open.isEmpty && open.allSatisfy { $0.status == .waiting }
        engine.graph.updatePhase(phaseID) { row in
            if waits, row.status == .running { row.status = .waiting }
        }
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {}

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard let step = engine.graph.steps(of: phaseID).last, step.status.isTerminal else { return nil }
        guard step.status == .completed, let output = step.output else {
            return .failed(
                StepFailure(
                    code: step.error?["code"]?.string ?? "step_\(step.status)",
                    message: step.error?["message"]?.string ?? "The step of the phase was \(step.status).",
                    isRetryable: false))
        }
        return .completed(output)
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .value(let value, _) = result else { return supersededNote }
        return value
    }

    /// Steps that wait are ended by `tend`, never by a run.
    func run(_ call: StepCall) async throws -> StepResult {
        throw call.hasNoRun
    }
}
