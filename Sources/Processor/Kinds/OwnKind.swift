import Foundation
import Store
import Workflow

/// A step of a kind that the embedding program brought.
struct OwnKind: SingleStepBehavior {
    let phase: OwnPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .own)
    }

    func run(_ call: StepCall) async throws -> StepResult {
        guard let kind = call.services.ownKinds[phase.kind] else {
            // Another node may have it: programs are not replaced everywhere at once.
            throw StepFailure(code: "unknown_kind", message: "This node has no kind \(phase.kind).", isRetryable: true)
        }
        let own = OwnKindCall(call, phase, call.logger)
        let output = try await call.services.deadlines.run(within: call.definition.timeout) {
            do {
                return try await kind.run(own)
            } catch let failure as StepFailure {
                throw failure
            } catch {
                throw StepFailure(code: "kind_failed", message: "\(error)", isRetryable: true)
            }
        }
        guard let output else {
            let limit = DurationText.text(of: call.definition.timeout)
            throw StepFailure(code: "timeout", message: "The step took longer than \(limit).", isRetryable: true)
        }
        return .value(output.withoutNULs)
    }
}
