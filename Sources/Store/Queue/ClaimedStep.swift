package import Foundation
import Postgres
package import Workflow

/// A step that this node's processor has claimed, with what its run needs to find the rest.
package struct ClaimedStep: Sendable {
    package let tenantID: String
    package let taskID: UUID
    package let id: UUID
    package let phaseID: UUID
    package let outputID: UUID?
    package let kind: StepKind
    package let agent: String?
    package let model: ModelName?
    package let attempt: Int
    package let input: JSON
    /// The tokens that the claim charged for its call, by the scope of the limit; with each goes one request.
    package var charged: [String: Double] = [:]
}

extension ClaimedStep {
    init(_ row: PostgresRow, tenantID: String, charged: (ModelName) -> [String: Double]) throws {
        self.tenantID = tenantID
        taskID = try row.decode("task_id")
        id = try row.decode("id")
        phaseID = try row.decode("phase_id")
        outputID = try row.decode("output_id")
        let kindText = try row.decode("kind", as: String.self)
        guard let kind = StepKind(rawValue: kindText) else {
            throw StoreError(.invalid, "unknown step kind \(kindText)")
        }
        self.kind = kind
        agent = try row.decode("agent")
        model = try row.decode("model", as: String?.self).flatMap { ModelName($0) }
        attempt = try row.decode("attempt")
        input = try row.json("input") ?? [:]
        self.charged = model.map(charged) ?? [:]
    }
}
