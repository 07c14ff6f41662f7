import Foundation
import Store
import Workflow

/// What a run of a step came to, with the fence that its result is checked against.
struct FinishedStep: Sendable {
    let tenantID: String
    let taskID: UUID
    let stepID: UUID
    let outputID: UUID?
    let attempt: Int
    let outcome: StepOutcome
}

extension FinishedStep {
    init(_ step: ClaimedStep, _ outcome: StepOutcome) {
        self.init(
            tenantID: step.tenantID, taskID: step.taskID, stepID: step.id, outputID: step.outputID, attempt: step.attempt,
            outcome: outcome)
    }
}

enum StepOutcome: Sendable {
    /// `spent` is what all model calls of the run took.
    case completed(StepResult, spent: Usage = .zero)
    case failed(StepFailure)
    /// Back into the queue: the node shuts down.
    case handedBack
}

/// What a completed run brought, by what the step's kind asks for.
enum StepResult: Sendable {
    /// What `steps.output` is to hold; `usage` is zero where no model was asked.
    case value(JSON, usage: Usage = .zero)
    case text(String, usage: Usage)
    case decision(EditDecision, usage: Usage)
    case verdict(Verdict, usage: Usage)
    /// The outputs in the judge's order, best first.
    case ballot([UUID], reasoning: String?, usage: Usage)
    /// By output, the judge's score for each criterion.
    case scores([UUID: [String: Double]], reasoning: String?, usage: Usage)
    /// The task to be started, whose end the step waits for.
    case subtask(SubtaskStart)
}
