import Foundation
import Store
import Workflow

extension TaskEngine {
    /// Claims steps that the engine has just added, for the processor that adds them: they need not go through the queue
    /// when nobody is before them there. Answers the claims, at most `room`.
    ///
    /// Only steps that no limit of a model or of the workflow holds for and that have nothing but their own row to move on.
    mutating func claimNewSteps(for processorID: UUID, tenantID: String, room: Int) -> [ClaimedStep] {
        guard graph.task.status == .running || graph.task.status == .waiting, workflow.definition.concurrency == nil else {
            return []
        }
        var claims: [ClaimedStep] = []
        for index in graph.steps.indices where claims.count < room {
            let step = graph.steps[index]
            guard step.status == .pending, step.runAt == .after(.zero), step.model == nil, step.outputID == nil,
                !known.contains(step.id)
            else { continue }
            graph.steps[index].status = .running
            graph.steps[index].attempt = 1
            graph.steps[index].processorID = processorID
            claims.append(ClaimedStep(graph.steps[index], taskID: graph.task.taskID, tenantID: tenantID))
        }
        return claims
    }
}
