package import Foundation
import Workflow

extension ClaimedStep {
    /// A claim of a step in the transaction that adds its row.
    package init(_ row: StepRow, taskID: UUID, tenantID: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        id = row.id
        phaseID = row.phaseID
        outputID = row.outputID
        kind = row.kind
        agent = row.agent
        model = row.model
        attempt = row.attempt
        input = row.input
    }
}
