import Base
import Foundation
import Store
import Workflow

/// What a kind of phase does. One implementation a kind, each in its file.
///
/// `SingleStepBehavior` is for kinds whose phase does one piece of work; `InstantBehavior` for kinds without a step.
protocol PhaseBehavior: Sendable {
    /// Adds the steps for what has become ready. Called when the phase opens and whenever its task moves.
    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition)

    /// How the phase ended, with what its end puts on the rows; nil while it still has, or may still get, something to do.
    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion?

    /// Takes in the result of one of the phase's steps. Returns its `steps.output`.
    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON

    /// Runs a step: asks a model, a server or a program, and reads the answer. Holds no transaction and no lock.
    ///
    /// Throws `ProviderError` or `StepFailure`, which say whether the step is to be tried again; any other error is a
    /// mistake in the code, and final.
    func run(_ run: StepRun) async throws -> StepResult
}

extension PhaseDefinition {
    var behavior: any PhaseBehavior {
        switch spec {
        case .write(let phase): WriteKind(phase: phase)
        case .edit(let phase): EditKind(phase: phase)
        case .evaluate(let phase): EvaluateKind(phase: phase)
        case .select(let phase): SelectKind(phase: phase)
        case .rank(let phase): RankKind(phase: phase)
        case .signal(let phase): SignalKind(phase: phase)
        case .agent(let phase): AgentKind(phase: phase)
        case .delay(let phase): DelayKind(phase: phase)
        case .log(let phase): LogKind(phase: phase)
        case .http(let phase): HTTPKind(phase: phase)
        case .custom(let phase): CustomKindBehavior(phase: phase)
        case .transform(let phase): TransformKind(phase: phase)
        case .branch(let phase): BranchKind(phase: phase)
        case .human(let phase): HumanKind(phase: phase)
        case .workflow(let phase): WorkflowKind(phase: phase)
        }
    }
}

/// The `steps.output` of a step whose result came too late: another session had moved on the row that it worked on.
let supersededNote: JSON = ["superseded": true]

/// A kind that decides in the transaction that opens its phase, without a step.
protocol InstantBehavior: PhaseBehavior {}

extension InstantBehavior {
    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {}

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        supersededNote
    }

    func run(_ run: StepRun) async throws(ProviderError) -> StepResult {
        throw run.hasNoRun
    }
}
