import Foundation
import Store
import Workflow

/// Sends one request and keeps the answer: `{status, headers, body}`.
///
/// A request may be sent twice, as any step may run twice; all but GET and HEAD carry the step's id as
/// `Idempotency-Key`, by which a server can tell.
struct HTTPKind: SingleStepBehavior {
    let phase: HTTPPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .http)
    }

    func run(_ call: StepCall) async throws -> StepResult {
        let secrets = try Secrets(named: phase.secretNames, from: call.services.secrets)
        do {
            let request = try HTTPPhaseRequest(phase, call, secrets).request
            let response = try await call.services.web.send(request)
            let answer = HTTPPhaseAnswer(response, secrets)
            if let failure = answer.failure(expecting: phase.expect) { throw failure }
            return .value(try answer.json)
        } catch let error as ProviderError {
            var error = error
            error.message = secrets.redacted(error.message)
            throw error
        }
    }
}
