import Hummingbird

/// How a node finds out who sends a request. The one place where an identity is made.
package enum Authentication: Sendable {
    /// Nobody is asked: everything belongs to tenant `default` and user `local`.
    case none

    func identity(of request: Request) throws(ProblemError) -> Identity {
        switch self {
        case .none: Identity(tenantID: "default", userID: "local", mayNameOtherUsers: true)
        }
    }
}
