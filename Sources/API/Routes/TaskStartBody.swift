import Foundation
import Hummingbird
import Store
import Workflow

/// What `POST /tasks` asks for, its form checked; whether the workflow and its input fit comes after.
struct TaskStartBody {
    let workflow: String
    let version: String?
    let input: JSON
    let config: JSON
    let priority: Int
    let runAt: String?
    let userID: String?
    let conversationID: String?
    let traceID: String?
    let metadata: JSON

    init(_ json: JSON, identity: Identity) throws(ProblemError) {
        var body = BodyReader(json)
        let workflow = body.string("workflow", isRequired: true, maxLength: 100)
        version = body.string("version")
        input = body.object("input") ?? [:]
        config = body.object("config") ?? [:]
        priority = body.integer("priority", -1000...1000) ?? 0
        runAt = body.timestamp("run_at")
        if body.value("workspace_id") != nil { body.fail("workspace_id", "names no workspace of this tenant") }

        var context = body.nested("context")
        let userID = context.string("user_id")
        if let userID, userID != identity.scope.userID, !identity.mayNameOtherUsers {
            context.fail("user_id", "must be your own")
        }
        conversationID = context.string("conversation_id")
        let traceID = context.string("trace_id")?.lowercased()
        if let traceID, !Self.isTraceID(traceID) {
            context.fail("trace_id", "must have 32 hexadecimal digits, not all 0")
        }
        metadata = context.object("metadata") ?? [:]
        body.absorb(context)
        try body.finish()
        self.workflow = workflow ?? ""
        self.userID = userID
        self.traceID = traceID
    }

    /// The context of the task, complete: identity from the credentials, the rest from the request.
    func executionContext(_ identity: Identity, taskID: UUID, traceParent: String?) -> ExecutionContext {
        ExecutionContext(
            tenantID: identity.scope.tenantID, userID: userID ?? identity.scope.userID, conversationID: conversationID,
            taskID: taskID, traceID: traceID ?? Self.traceID(in: traceParent) ?? Self.newTraceID(), metadata: metadata)
    }

    /// The trace of a `traceparent` header (W3C Trace Context, 3.2): `00-<trace id>-<parent id>-<flags>`.
    private static func traceID(in traceParent: String?) -> String? {
        guard let parts = traceParent?.split(separator: "-"), parts.count >= 4 else { return nil }
        let id = String(parts[1])
        return isTraceID(id) ? id : nil
    }

    private static func isTraceID(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.contains { $0 != UInt8(ascii: "0") }
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func newTraceID() -> String {
        UUID().uuidString.lowercased().replacing("-", with: "")
    }
}
