package import Foundation

/// What a token must say, and where it says it.
package struct TokenRules: Sendable, Hashable {
    /// The names of claims; dots lead into objects, where there is no claim of the whole name.
    package struct Claims: Sendable, Hashable {
        package var tenant = "tenant"
        package var user = "sub"
        package var groups = "groups"
        package var scopes = "scope"

        package init() {}
    }

    package var claims = Claims()
    /// The `iss` that tokens must have; nil: any.
    package var issuer: String?
    /// One of the `aud` that tokens must have; nil: any.
    package var audience: String?
    /// By how much clocks may differ.
    package var leeway: TimeInterval = 30

    package init() {}
}

/// What a verified token says of its sender.
package struct TokenIdentity: Sendable, Hashable {
    package let tenantID: String
    package let userID: String
    package let groups: [String]
    package let scopes: [String]
    package let expiresAt: Date
}
