import Crypto
package import Foundation

/// Verifies tokens with a secret, or with the key set of an identity provider.
package struct TokenVerifier: Sendable {
    /// What signatures are verified with.
    package enum Keys: Sendable {
        /// HS256, HS384 and HS512.
        case secret(SharedSecret)
        /// RS, PS, ES and EdDSA. A key set never verifies an HS token: its keys are public.
        case set(KeySet)
    }

    private let keys: Keys
    private let rules: TokenRules

    package init(keys: Keys, rules: TokenRules) {
        self.keys = keys
        self.rules = rules
    }

    /// - Throws: `CredentialError`.
    package func identity(of text: String, at now: Date) async throws -> TokenIdentity {
        let token = try WebToken(text)
        guard try await isSigned(token) else { throw CredentialError.invalid("its signature is not right") }
        return try token.identity(rules, at: now)
    }

    private func isSigned(_ token: WebToken) async throws -> Bool {
        switch keys {
        case .secret(let secret): try secret.verifies(token)
        case .set(let set): try await set.verifies(token)
        }
    }
}

/// A secret that the service shares with who makes its tokens.
package struct SharedSecret: Sendable {
    private let key: SymmetricKey

    /// What HS256 needs at least (RFC 7518, section 3.2).
    package static let minBytes = 32

    /// Nil for a secret that is too short.
    package init?(_ text: String) {
        guard text.utf8.count >= Self.minBytes else { return nil }
        key = SymmetricKey(data: Array(text.utf8))
    }

    /// Compares in constant time.
    func verifies(_ token: WebToken) throws(CredentialError) -> Bool {
        switch token.algorithm {
        case "HS256":
            HMAC<SHA256>.isValidAuthenticationCode(token.signature, authenticating: token.signedBytes, using: key)
        case "HS384":
            HMAC<SHA384>.isValidAuthenticationCode(token.signature, authenticating: token.signedBytes, using: key)
        case "HS512":
            HMAC<SHA512>.isValidAuthenticationCode(token.signature, authenticating: token.signedBytes, using: key)
        default: throw .invalid("tokens are signed with HS256, HS384 or HS512 here")
        }
    }
}
