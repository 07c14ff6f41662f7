import Foundation
import Store
import Workflow

/// What a kind of phase does. One implementation a kind, each in its file.
protocol PhaseBehavior: Sendable {
    /// Adds the steps for what has become ready. Called when the phase opens and whenever its task moves.
    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition)

    /// How the phase ended, with what its end puts on the rows; nil while it still has, or may still get, something to do.
    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion?

    /// Takes in the result of one of the phase's steps. Answers what `steps.output` says of it.
    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON

    /// Runs a step: asks a model, a server or a program, and reads the answer. Holds no transaction and no lock.
    ///
    /// Throws `ProviderError` or `StepFailure`, which say whether the step is to be tried again; anything else is a
    /// mistake of ours, and final.
    func run(_ call: StepCall) async throws -> StepResult
}

extension TaskEngine {
    func behavior(of definition: PhaseDefinition) -> any PhaseBehavior {
        PhaseBehaviors.of(definition)
    }
}

enum PhaseBehaviors {
    static func of(_ definition: PhaseDefinition) -> any PhaseBehavior {
        switch definition.spec {
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
        case .own(let phase): OwnKind(phase: phase)
        case .transform(let phase): TransformKind(phase: phase)
        case .branch(let phase): BranchKind(phase: phase)
        case .human(let phase): HumanKind(phase: phase)
        case .workflow(let phase): WorkflowKind(phase: phase)
        }
    }
}

/// What `steps.output` says when the row that the step worked on had been moved on by somebody else meanwhile.
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

    func run(_ call: StepCall) async throws(ProviderError) -> StepResult {
        throw call.hasNoRun
    }
}
