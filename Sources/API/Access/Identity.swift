import Base
import Store
import Workflow

/// The sender of a request, made from its credentials in one place (`AccessMiddleware`).
struct Identity: Sendable, Hashable {
    let principal: Principal
    /// The scope of the store's statements.
    let scope: Scope

    init(_ principal: Principal) {
        self.principal = principal
        scope = Scope(
            tenantID: principal.tenantID, userID: principal.userID, actor: principal.actor, sight: Sight(principal))
    }

    /// Whether a task may be started in the name of another user.
    var mayNameOtherUsers: Bool { principal.mayNameOtherUsers }

    /// Before the sender is identified: a tenant that does not exist, so that no row is visible by mistake.
    static let nobody = Identity(Principal(mode: .token, tenantID: "", userID: "", scopes: []))
    static let local = Identity(.local)
}

extension Identity {
    /// - Throws: 403 that names what is missing.
    func require(_ right: RouteRights.Right) throws(ProblemError) {
        guard let scope = right.scope else { return }
        if let ticket = principal.ticket, !right.rows.isEmpty {
            guard ticket.shows(any: right.rows) else {
                throw ProblemError(
                    .forbidden, "The ticket does not open events of the type '\(right.rows[0].rawValue)', and so not their rows.")
            }
            return
        }
        guard right.isForAnyScope || principal.has(scope) else {
            throw ProblemError(
                .forbidden, "This needs a credential with the scope '\(scope.rawValue)'.",
                extensions: ["scope": .string(scope.rawValue)])
        }
        guard !right.startsTasks || !principal.isTenantSuspended else {
            throw ProblemError(.forbidden, "The tenant '\(principal.tenantID)' is suspended: nothing new starts in it.")
        }
    }
}
