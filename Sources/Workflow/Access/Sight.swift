import Base
package import Foundation

/// What a sender sees of a tenant who does not see all of it. The policies of the role `pressroom_member` say the same in SQL
/// (`migrations/0015_sight.up.sql`).
///
/// A task is seen with its workflow, and everything else with its task.
package struct Sight: Sendable, Hashable {
    package let userID: String
    /// The workspaces whose public workflows it sees.
    package let workspaces: Set<UUID>
    /// Of these, the ones whose private workflows it sees too.
    package let managed: Set<UUID>
    /// Whether it sees what is in no workspace.
    package let seesUnplaced: Bool

    package init(userID: String, workspaces: Set<UUID>, managed: Set<UUID> = [], seesUnplaced: Bool = true) {
        self.userID = userID
        self.workspaces = workspaces
        self.managed = managed.intersection(workspaces)
        self.seesUnplaced = seesUnplaced
    }

    /// - Returns: nil for a principal that sees the whole tenant.
    package init?(_ principal: Principal) {
        if principal.isTenantAdmin || principal.mode == .none { return nil }
        let levels = principal.workspaces.filter { principal.access(toWorkspace: $0.key) != nil }
        self.init(
            userID: principal.userID, workspaces: Set(levels.keys), managed: Set(levels.filter { $0.value == .admin }.keys),
            seesUnplaced: principal.onlyWorkspaceID == nil)
    }

    /// What a schedule or a sub-task sees, which has no sender: what is public in its workspace, what is in none, and the
    /// private workflows of its author.
    ///
    /// - Parameter author: of the schedule, or of the workflow whose step starts the sub-task; nil: unknown.
    package static func ofWorkspace(_ id: UUID?, author: String?) -> Sight {
        Sight(userID: author ?? "", workspaces: id.map { [$0] } ?? [])
    }

    /// - Parameter privateTo: the creator of a private workflow, empty when it is unknown; nil for a public one.
    package func sees(workspaceID: UUID?, privateTo: String?) -> Bool {
        guard let workspaceID else { return seesUnplaced }
        guard workspaces.contains(workspaceID) else { return false }
        return privateTo == nil || managed.contains(workspaceID) || userID.isExactly(privateTo) && !userID.isEmpty
    }

    package func sees(_ thing: Guarded) -> Bool {
        sees(workspaceID: thing.workspaceID, privateTo: thing.isPublic ? nil : thing.createdBy ?? "")
    }

    /// A copy that shares no memory.
    package func copied() -> Sight {
        Sight(
            userID: String(decoding: Array(userID.utf8), as: UTF8.self), workspaces: Set(Array(workspaces)),
            managed: Set(Array(managed)), seesUnplaced: seesUnplaced)
    }
}
