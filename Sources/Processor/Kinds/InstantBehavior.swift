import Foundation
import Store
import Workflow

/// A kind that decides in the transaction that opens its phase, without a step.
protocol InstantBehavior: PhaseBehavior {}

extension InstantBehavior {
    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {}

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        supersededNote
    }

    func run(_ call: StepCall) async throws(ProviderError) -> StepResult {
        throw call.hasNoRun
    }
}
