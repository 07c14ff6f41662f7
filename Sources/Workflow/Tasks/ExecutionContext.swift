package import Base
package import Foundation

/// Whom and what a task runs for: set once at the start, stored on the task, handed unchanged to every call.
package struct ExecutionContext: Sendable, Hashable {
    package var tenantID: String
    package var userID: String
    package var conversationID: String?
    package var taskID: UUID
    package var traceID: String
    /// An object of the caller.
    package var metadata: JSON

    package init(
        tenantID: String, userID: String, conversationID: String? = nil, taskID: UUID, traceID: String,
        metadata: JSON = [:]
    ) {
        self.tenantID = tenantID
        self.userID = userID
        self.conversationID = conversationID
        self.taskID = taskID
        self.traceID = traceID
        self.metadata = metadata
    }

}

extension ExecutionContext {
    /// The value of `tasks.context`: every key is there, `null` included.
    package var json: JSON {
        [
            "tenant_id": .string(tenantID), "user_id": .string(userID),
            "conversation_id": conversationID.map(JSON.string) ?? .null,
            "task_id": .string(taskID.text), "trace_id": .string(traceID), "metadata": metadata,
        ]
    }

    /// Reads `tasks.context`; nil when a part is missing or has the wrong type.
    package init?(json: JSON) {
        guard let tenantID = json["tenant_id"]?.string, let userID = json["user_id"]?.string,
            let taskID = json["task_id"]?.string.flatMap(UUID.init(text:)),
            let traceID = json["trace_id"]?.string
        else { return nil }
        self.init(
            tenantID: tenantID, userID: userID, conversationID: json["conversation_id"]?.string, taskID: taskID,
            traceID: traceID, metadata: json["metadata"] ?? [:])
    }
}
