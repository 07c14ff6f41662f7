import Base
import Foundation
import Store

/// A JSON Web Token in its compact form (RFC 7519), taken apart and not verified yet.
struct WebToken {
    let algorithm: String
    let keyID: String?
    /// What is signed.
    let signedBytes: [UInt8]
    let signature: [UInt8]
    private let claims: JSONObject

    /// The longest token that is looked at, in bytes.
    static let maxLength = 8_192

    /// - Throws: `CredentialError.invalid`.
    init(_ text: String) throws(CredentialError) {
        guard text.utf8.count <= Self.maxLength else {
            throw .invalid("a token has at most \(Self.maxLength) bytes")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64URL.bytes(parts[2]), let algorithm = header["alg"]?.string
        else { throw .invalid("it is neither a key nor a token") }
        // RFC 7515, section 4.1.11: what the reader does not understand, it must refuse.
        guard header["crit"] == nil else { throw .invalid("its header has critical extensions") }
        self.algorithm = algorithm
        keyID = header["kid"]?.string
        signedBytes = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        self.signature = signature
        self.claims = claims
    }

    private static func object(_ part: Substring) -> JSONObject? {
        Base64URL.bytes(part).flatMap { try? JSON(parsing: $0) }?.object
    }

    /// Checks the claims, once the signature is verified.
    func identity(_ rules: TokenRules, at now: Date) throws(CredentialError) -> TokenIdentity {
        guard let expiry = time("exp") else { throw .invalid("it has no usable exp") }
        guard now.timeIntervalSince1970 < expiry + rules.leeway else { throw .expired }
        if claims["nbf"] != nil {
            guard let begin = time("nbf"), begin - rules.leeway <= now.timeIntervalSince1970 else {
                throw .invalid("its nbf is not reached yet")
            }
        }
        if let issuer = rules.issuer, claims["iss"]?.string != issuer { throw .invalid("its iss is another") }
        if let audience = rules.audience, !texts("aud", separated: false).contains(audience) {
            throw .invalid("its aud is another")
        }
        guard let tenant = claim(rules.claims.tenant)?.string, Store.isTenantName(tenant) else {
            throw .invalid("its claim '\(rules.claims.tenant)' names no tenant")
        }
        guard let user = claim(rules.claims.user)?.string, (1...Self.maxNameLength).contains(user.utf8.count),
            !user.utf8.contains(0)
        else { throw .invalid("its claim '\(rules.claims.user)' names no user") }
        let groups = texts(rules.claims.groups, separated: false)
        guard user.isInNormalFormC, groups.allSatisfy(\.isInNormalFormC) else {
            throw .invalid("its user and groups must be in Unicode's normal form C")
        }
        return TokenIdentity(
            tenantID: tenant, userID: user, groups: groups,
            scopes: texts(rules.claims.scopes, separated: true), expiresAt: Date(timeIntervalSince1970: expiry + rules.leeway))
    }

    private static let maxNameLength = 200
    private static let maxNames = 200

    private func claim(_ name: String) -> JSON? {
        if let value = claims[name] { return value }
        var value = JSON.object(claims)
        for part in name.split(separator: ".") {
            guard let member = value[String(part)] else { return nil }
            value = member
        }
        return value
    }

    /// Seconds since 1970; nil for a claim that is missing or is no time between the years 1970 and 9999.
    private func time(_ name: String) -> TimeInterval? {
        guard let seconds = claims[name]?.double, (0...253_402_300_799).contains(seconds) else { return nil }
        return seconds
    }

    /// A text or an array of texts. What is of another type, too long, or beyond the first ones, is left out.
    private func texts(_ name: String, separated: Bool) -> [String] {
        let value = claim(name)
        let texts =
            if let text = value?.string {
                separated ? text.split(separator: " ").map(String.init) : [text]
            } else {
                value?.array?.compactMap(\.string) ?? []
            }
        return Array(
            texts.lazy.filter { (1...Self.maxNameLength).contains($0.utf8.count) && !$0.utf8.contains(0) }.prefix(Self.maxNames))
    }
}
