import Base
import Workflow

/// The notation of a workflow definition.
public enum DefinitionNotation: String, Sendable, Hashable, CaseIterable {
    case json, yaml

    var contentType: String { self == .json ? "application/json" : "application/yaml" }
}

extension PressroomClient {
    /// Publishes a version of a workflow; publishing the same text again returns the existing version.
    ///
    /// - Parameters:
    ///   - workspaceID: nil: the workspace of its other versions, or none.
    ///   - isPublic: whether all who see the workspace see the version.
    /// - Throws: `PressroomError` with `problems` for a definition with mistakes (422), and with the status 409 when the
    ///   same name and version exist with another content.
    public func publishWorkflow(
        _ text: String, as notation: DefinitionNotation, workspaceID: String? = nil, isPublic: Bool = false
    ) async throws -> WorkflowRecord {
        try await publish(text, as: notation, workspaceID: workspaceID, isPublic: isPublic).workflow
    }

    /// The same; `isNew` says whether the version was not there before.
    package func publish(
        _ text: String, as notation: DefinitionNotation, workspaceID: String? = nil, isPublic: Bool = false
    ) async throws -> (workflow: WorkflowRecord, isNew: Bool) {
        let content = Content(bytes: Array(text.utf8), type: notation.contentType)
        let path = Path("workflows").with("workspace_id", workspaceID).with("is_public", isPublic ? "true" : nil)
        let response = try await call(.post, path, content: content)
        return (WorkflowRecord(document: try response.document()), response.status == 201)
    }

    /// Every problem in a definition; none when it could be published. Changes nothing.
    public func validateWorkflow(
        _ text: String, as notation: DefinitionNotation
    ) async throws -> [PressroomError.InputProblem] {
        let content = Content(bytes: Array(text.utf8), type: notation.contentType)
        do {
            let response = try await call(.post, Path("workflows", "validate"), content: content)
            let json = try response.json()
            return (json["errors"] ?? json["problems"]).map(PressroomError.InputProblem.list) ?? []
        } catch let error as PressroomError where !error.problems.isEmpty {
            return error.problems
        }
    }

    /// The latest version of each workflow that fits the filters.
    public func workflows(
        name: String? = nil, status: String? = nil, category: String? = nil, tag: String? = nil, limit: Int? = nil,
        after: String? = nil
    ) async throws -> Page<WorkflowRecord> {
        let path = Path("workflows").with("name", name).with("status", status).with("category", category)
            .with("tag", tag).with("limit", limit.map(String.init)).with("after", after)
        return try await call(.get, path).page(of: WorkflowRecord.init(document:))
    }

    /// The latest active version, or the given one.
    public func workflow(_ name: String, version: String? = nil) async throws -> WorkflowRecord {
        let path = version.map { Path("workflows", name, "versions", $0) } ?? Path("workflows", name)
        return WorkflowRecord(document: try await call(.get, path).document())
    }

    /// The latest active version as a Mermaid flowchart; with a task, in the colours of its phases.
    public func workflowGraph(_ name: String, taskID: String? = nil) async throws -> String {
        let response = try await call(.get, Path("workflows", name, "graph").with("task_id", taskID))
        return String(decoding: response.body, as: UTF8.self)
    }
}

/// A row of `workflows`: one version of a definition.
public struct WorkflowRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var name: String { document.text("name") }
    public var version: String { document.text("version") }
    /// `active inactive archived`.
    public var status: String { document.text("status") }
    public var category: String? { document.optionalText("category") }
    public var createdAt: String { document.text("created_at") }
}
