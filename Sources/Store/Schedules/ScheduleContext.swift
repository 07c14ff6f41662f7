package import Foundation
package import Workflow

/// The execution context of a schedule's tasks, but for what each task gets of its own: `task_id` and `trace_id`.
package struct ScheduleContext: Sendable, Equatable {
    package var tenantID: String
    package var userID: String
    package var conversationID: String?
    /// An object; the caller's own.
    package var metadata: JSON

    package init(tenantID: String, userID: String, conversationID: String?, metadata: JSON) {
        self.tenantID = tenantID
        self.userID = userID
        self.conversationID = conversationID
        self.metadata = metadata
    }

    /// The context of one task, complete.
    package func forTask(_ taskID: UUID, traceID: String) -> ExecutionContext {
        ExecutionContext(
            tenantID: tenantID, userID: userID, conversationID: conversationID, taskID: taskID, traceID: traceID,
            metadata: metadata)
    }
}

extension ScheduleContext {
    /// The value of `schedules.context`.
    var json: JSON {
        [
            "tenant_id": .string(tenantID), "user_id": .string(userID),
            "conversation_id": conversationID.map(JSON.string) ?? .null, "metadata": metadata,
        ]
    }

    /// Reads `schedules.context`.
    ///
    /// - Throws: `ProblemList` when a part is missing or has the wrong type, or belongs to another tenant; such a row was
    ///   written by somebody else, and nothing is made up for it.
    init(_ json: JSON, tenantID: String) throws(ProblemList) {
        guard json["tenant_id"]?.string == tenantID else {
            throw ProblemList("must be the schedule's tenant", at: "/context/tenant_id")
        }
        guard let userID = json["user_id"]?.string else { throw ProblemList("is required", at: "/context/user_id") }
        let metadata = json["metadata"] ?? [:]
        guard metadata.object != nil else { throw ProblemList("must be an object", at: "/context/metadata") }
        self.init(
            tenantID: tenantID, userID: userID, conversationID: json["conversation_id"]?.string, metadata: metadata)
    }
}
