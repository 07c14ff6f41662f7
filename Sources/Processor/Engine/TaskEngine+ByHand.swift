import Foundation
import Store
import Workflow

extension TaskEngine {
    /// Sets right what somebody left half done by hand: a draft whose step was closed in `psql` waits for nothing.
    mutating func mendDrafts() {
        for output in graph.outputs where !output.status.isSettled {
            guard let step = graph.steps.last(where: { $0.outputID == output.id && $0.kind.waitingOutputStatus != nil })
            else { continue }
            switch step.status {
            case .failed, .skipped, .cancelled:
                graph.updateOutput(output.id) { row in
                    row.status = .failed
                    row.error = step.error ?? StepFailure(
                        code: "step_\(step.status)", message: "The step on the draft was \(step.status).", isRetryable: false).json
                }
            case .completed where output.status == step.kind.activeOutputStatus:
                let next: OutputStatus = isThroughEditing(output) ? .approved : .pendingEdit
                graph.updateOutput(output.id) { row in
                    row.status = row.content == nil ? .failed : row.status == .rewriting ? .pendingEdit : next
                }
            default: continue
            }
        }
    }
}
