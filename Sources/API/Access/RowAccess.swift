import Base
import Foundation
import Store
import Workflow

// What a request acts on is looked for before its handler runs: what the sender does not see is not found, and what it sees
// takes the level that the table of rights asks for. A sender who sees the whole tenant may act on all of it.

extension RouteRights.Right {
    /// What a path names.
    enum Row: Sendable, Hashable {
        case task, output, humanTask, schedule, workflow
    }
}

extension Identity {
    /// - Throws: 404 for a row that the sender does not see; 403 for one that takes more than it may do.
    func require(_ right: RouteRights.Right, _ context: PressroomRequestContext, _ store: Store) async throws {
        guard let kind = right.actsOn, scope.sight != nil else { return }
        let row = try Self.row(kind, context)
        guard let guarded = try await store.guarded(scope, row) else { throw ProblemError(.notFound, row.isMissing) }
        guard principal.may(right.level, on: guarded) else {
            throw ProblemError(
                .forbidden, "This takes the access '\(right.level.rawValue)' in its workspace.",
                extensions: ["access": .string(right.level.rawValue)])
        }
    }

    private static func row(_ kind: RouteRights.Right.Row, _ context: PressroomRequestContext) throws(ProblemError) -> GuardedRow {
        switch kind {
        case .task: .task(try context.uuid("task_id"))
        case .output: .output(try context.uuid("id"))
        case .humanTask: .humanTask(try context.uuid("id"))
        case .schedule: .schedule(try context.uuid("id"))
        case .workflow: .workflow(name: try context.text("name"), version: try context.text("version"))
        }
    }

    /// The workspace that a new version of a workflow is published in: the one that the request names, that of its other
    /// versions, or the one that the credential is narrowed to.
    ///
    /// - Throws: 422 for a workspace that the sender does not see; 403 where it may not publish.
    func workspace(toPublish name: String, in wanted: UUID?, _ store: Store) async throws -> UUID? {
        var workspaceID = wanted
        if wanted == nil { workspaceID = try await store.workspace(scope, ofWorkflow: name) ?? principal.onlyWorkspaceID }
        var isThere = true
        if let wanted { isThere = try await store.workspace(scope, wanted) != nil }
        guard isThere, principal.access(toWorkspace: workspaceID) != nil else {
            throw ProblemError(
                .invalid, "There is no such workspace.", errors: [Problem(pointer: "/query/workspace_id", detail: "is unknown")])
        }
        guard principal.mayPublish(inWorkspace: workspaceID) else {
            throw ProblemError(.forbidden, "Publishing takes the access 'write' in the workspace.")
        }
        return workspaceID
    }

    /// Checks that a schedule may belong to the sender, and that what it runs with sees the workflow: it has no sender then.
    ///
    /// - Parameter owner: of the schedule; the sender's of a new one.
    /// - Throws: 403; 422 for a private workflow of another user.
    func requireSchedule(of values: ScheduleValues, owner: String, _ store: Store) async throws {
        let workspaceID: UUID? = try await store.workspace(scope, ofWorkflow: values.workflowName) ?? nil
        guard principal.mayPublish(inWorkspace: workspaceID) else {
            throw ProblemError(.forbidden, "A schedule takes the access 'write' in its workflow's workspace.")
        }
        guard workspaceID != nil else { return }
        do {
            _ = try await store.startableWorkflow(
                scope.seeing(.ofWorkspace(workspaceID, author: owner)), values.workflowName, version: values.workflowVersion)
        } catch let refusal as StartRefusal where refusal.reason == .unknown {
            throw ProblemError(
                .invalid, "A schedule starts public workflows of its workspace, and private ones of its owner.",
                errors: [Problem(pointer: "/workflow", detail: "is private to another user than the schedule's owner")])
        }
    }
}

extension GuardedRow {
    fileprivate var isMissing: String {
        switch self {
        case .task(let id): "There is no task \(id.text)."
        case .output(let id): "There is no output \(id.text)."
        case .humanTask(let id): "There is no human task \(id.text)."
        case .schedule(let id): "There is no schedule \(id.text)."
        case .workflow(let name, let version): "There is no version \(version) of a workflow \(name)."
        }
    }
}
