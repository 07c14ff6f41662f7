/// For whom a statement runs: the tenant whose rows it sees, and who is named as the author of its events.
///
/// It comes out of the caller's credentials or of a task's execution context; no code makes up a part of it.
package struct Scope: Sendable, Hashable {
    package let tenantID: String
    package let userID: String
    /// What `events.actor` and the history say: `user:<id>`, `processor:<id>`.
    package let actor: String

    package init(tenantID: String, userID: String, actor: String? = nil) {
        self.tenantID = tenantID
        self.userID = userID
        self.actor = actor ?? "user:\(userID)"
    }
}
