import Base
package import Foundation

/// What access to a workflow, or to a task of it, depends on.
package struct Guarded: Sendable, Hashable {
    /// Nil: it is the tenant's, and so for everyone in it.
    package let workspaceID: UUID?
    /// In a workspace, a private workflow is for its creator and admins. A task is as private as its workflow.
    package let isPublic: Bool
    package let createdBy: String?

    package init(workspaceID: UUID? = nil, isPublic: Bool = false, createdBy: String? = nil) {
        self.workspaceID = workspaceID
        self.isPublic = isPublic
        self.createdBy = createdBy
    }
}

/// The rules of access. A scope says what a credential is for, a level what its user may do in a workspace; both are needed.
extension Principal {
    /// - Parameter scope: `stream` is met by `read`, which includes it.
    package func has(_ scope: AccessScope) -> Bool {
        scopes.contains(scope) || scope == .stream && scopes.contains(.read)
    }

    /// Sees everything of the tenant. A credential that is narrowed to a workspace is none of the tenant's admins.
    /// A ticket that an admin made sees everything that its limits leave.
    package var isTenantAdmin: Bool {
        (ticket == nil ? scopes : makerScopes).contains(.admin) && onlyWorkspaceID == nil
    }

    /// What it may do in a workspace, or among what belongs to no workspace; nil: nothing, and it does not even see it.
    package func access(toWorkspace id: UUID?) -> AccessLevel? {
        if let onlyWorkspaceID, onlyWorkspaceID != id { return nil }
        if isTenantAdmin { return .admin }
        guard let id else { return .write }
        return workspaces[id]
    }

    package func maySee(_ thing: Guarded) -> Bool {
        guard let level = access(toWorkspace: thing.workspaceID) else { return false }
        return thing.workspaceID == nil || thing.isPublic || level == .admin || userID.isExactly(thing.createdBy)
    }

    /// Starting a task takes no more than seeing its workflow.
    package func mayStart(_ workflow: Guarded) -> Bool {
        has(.write) && !isTenantSuspended && maySee(workflow)
    }

    /// Pausing, cancelling, retrying, forking, signalling and the like.
    package func mayAct(on task: Guarded) -> Bool {
        has(.write) && may(.write, on: task)
    }

    /// Whether it sees a thing and has a level in the thing's workspace; the scopes are another question.
    package func may(_ level: AccessLevel, on thing: Guarded) -> Bool {
        maySee(thing) && access(toWorkspace: thing.workspaceID).map { $0 >= level } == true
    }

    package func mayPublish(inWorkspace id: UUID?) -> Bool {
        has(.write) && access(toWorkspace: id).map { $0 >= .write } == true
    }

    /// Who may see a workflow of a workspace is for its creator and the workspace's admins to say.
    package func mayChangePrivacy(of workflow: Guarded) -> Bool {
        mayPublish(inWorkspace: workflow.workspaceID)
            && (workflow.workspaceID == nil || userID.isExactly(workflow.createdBy) || access(toWorkspace: workflow.workspaceID) == .admin)
    }

    package func mayManage(workspace id: UUID) -> Bool {
        access(toWorkspace: id) == .admin
    }

    /// A question is for its assignee, for the members of its group, and for admins of the tenant and of its workspace. One
    /// that is for no one in particular is for all who may act on its task.
    package func mayAnswer(assigneeID: String?, assigneeGroup: String?, workspaceID: UUID? = nil) -> Bool {
        guard has(.write), let level = access(toWorkspace: workspaceID) else { return false }
        if isTenantAdmin || level == .admin { return true }
        if assigneeID == nil && assigneeGroup == nil { return level >= .write }
        return userID.isExactly(assigneeID) || groups.contains { $0.isExactly(assigneeGroup) }
    }

    /// Whether tasks may be started, and tickets made, in the name of other users. Without authentication no request names its
    /// own.
    package var mayNameOtherUsers: Bool { mode == .none || has(.act) }
}
