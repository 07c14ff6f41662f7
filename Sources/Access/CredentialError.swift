/// Why a credential opens nothing. The texts tell its holder what to do, and others nothing of what exists.
package enum CredentialError: Error, Sendable, Hashable {
    /// There is none where one is needed.
    case missing
    /// Malformed, unknown, or signed by another.
    case invalid(String)
    /// It was valid until then.
    case expired
    /// Its key has been revoked, its session was signed out of, or its tenant is gone.
    case revoked
    /// Nothing can be said of it now: the keys that would verify it cannot be read.
    case unverifiable

    /// For people.
    package var detail: String {
        switch self {
        case .missing: "Send an API key or a token as 'Authorization: Bearer …', or sign in."
        case .invalid(let reason): "The credential is not valid: \(reason)."
        case .expired: "The credential has expired."
        case .revoked: "The credential has been revoked."
        case .unverifiable: "The keys that verify tokens cannot be read at the moment."
        }
    }
}
