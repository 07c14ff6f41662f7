package import Base
public import Foundation
import Workflow

extension PressroomClient {
    /// Human tasks, the newest first. `status` takes several, separated by commas.
    public func humanTasks(
        status: String? = nil, assignee: String? = nil, group: String? = nil, isOverdue: Bool? = nil, limit: Int? = nil,
        after: String? = nil
    ) async throws -> Page<HumanTaskRecord> {
        let path = Path("human-tasks").with("status", status).with("assignee", assignee).with("group", group)
            .with("overdue", isOverdue.map { $0 ? "true" : "false" }).with("limit", limit.map(String.init))
            .with("after", after)
        return try await call(.get, path).page(of: HumanTaskRecord.init(document:))
    }

    public func humanTask(_ id: String) async throws -> HumanTaskRecord {
        HumanTaskRecord(document: try await call(.get, Path("human-tasks", id)).document())
    }

    /// Claims a human task for the caller; the status 409 means that it is claimed by another, or no longer open.
    @discardableResult
    public func claimHumanTask(_ id: String, ifVersion: Int? = nil) async throws -> HumanTaskRecord {
        try await actOnHumanTask(id, "claim", [:], ifVersion)
    }

    /// Completes a human task. `data` is JSON and must fit the form (422 with pointers otherwise).
    @discardableResult
    public func completeHumanTask(_ id: String, data: Data, ifVersion: Int? = nil) async throws -> HumanTaskRecord {
        try await actOnHumanTask(id, "complete", ["data": try Self.parse(data, "data")], ifVersion)
    }

    /// Assigns a human task to a user or a group, and ends a claim.
    @discardableResult
    public func reassignHumanTask(
        _ id: String, assignee: String? = nil, group: String? = nil, ifVersion: Int? = nil
    ) async throws -> HumanTaskRecord {
        var body: JSON = [:]
        if let assignee { body["assignee_id"] = .string(assignee) }
        if let group { body["assignee_group"] = .string(group) }
        return try await actOnHumanTask(id, "reassign", body, ifVersion)
    }

    /// Cancels a human task; its phase fails.
    @discardableResult
    public func cancelHumanTask(_ id: String, ifVersion: Int? = nil) async throws -> HumanTaskRecord {
        try await actOnHumanTask(id, "cancel", [:], ifVersion)
    }

    private func actOnHumanTask(
        _ id: String, _ action: String, _ body: JSON, _ ifVersion: Int?
    ) async throws -> HumanTaskRecord {
        let response = try await call(
            .post, Path("human-tasks", id, action), content: .json(body), headers: Self.ifMatch(ifVersion))
        return HumanTaskRecord(document: try response.document())
    }
}

/// A row of `human_tasks`: what a person is asked.
public struct HumanTaskRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var taskID: String { document.text("task_id") }
    public var title: String { document.text("title") }
    public var assigneeID: String? { document.optionalText("assignee_id") }
    public var assigneeGroup: String? { document.optionalText("assignee_group") }
    /// ISO 8601; nil when it never expires.
    public var dueAt: String? { document.optionalText("due_at") }
    /// `pending claimed completed cancelled expired`.
    public var status: String { document.text("status") }
    public var claimedBy: String? { document.optionalText("claimed_by") }
    public var completedBy: String? { document.optionalText("completed_by") }
    /// ISO 8601; nil before.
    public var completedAt: String? { document.optionalText("completed_at") }
    /// The JSON Schema that an answer must fit.
    package var formSchema: JSON { document.json["form_schema"] ?? [:] }
    /// The answer; null before.
    package var response: JSON { document.json["response"] ?? .null }
    /// For `If-Match`: grows with each change.
    public var version: Int { document.integer("version") ?? 0 }
}
