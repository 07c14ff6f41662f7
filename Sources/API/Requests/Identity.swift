package import Store

/// Who sends a request: made in one place (`Authentication`), out of the credentials.
package struct Identity: Sendable, Hashable {
    package let scope: Scope
    /// Whether a task may be started in the name of another user; so without authentication, where nobody has a name.
    package let mayNameOtherUsers: Bool

    package init(tenantID: String, userID: String, mayNameOtherUsers: Bool = false) {
        scope = Scope(tenantID: tenantID, userID: userID)
        self.mayNameOtherUsers = mayNameOtherUsers
    }

    /// Before anybody is identified: a tenant that does not exist, so that nothing can be seen by mistake.
    static let nobody = Identity(tenantID: "", userID: "")
}
