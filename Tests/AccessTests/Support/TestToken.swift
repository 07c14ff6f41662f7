import Base
import Crypto
import Foundation

@testable import Access

/// Tokens as an identity provider makes them, right or wrong.
enum TestToken {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)
    static let secret = "a secret of thirty-two bytes, ok!"

    static var claims: JSONObject {
        [
            "tenant": "acme", "sub": "ada", "groups": ["editors"], "scope": "read write",
            "exp": .integer(Int64(now.timeIntervalSince1970) + 600), "iss": "https://id.example", "aud": ["pressroom", "other"],
        ]
    }

    static func part(_ members: JSONObject) -> String { Base64URL.text(JSON.object(members).utf8) }

    static func signedHS256(_ claims: JSONObject = claims, header: JSONObject = ["alg": "HS256"], secret: String = secret) -> String {
        let signed = "\(part(header)).\(part(claims))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return "\(signed).\(Base64URL.text(code))"
    }

    /// - Parameter key: signs it, whatever the header says.
    static func signed(
        _ key: P256.Signing.PrivateKey, kid: String?, _ claims: JSONObject = claims, alg: String = "ES256"
    ) throws -> String {
        var header: JSONObject = ["alg": .string(alg)]
        if let kid { header["kid"] = .string(kid) }
        let signed = "\(part(header)).\(part(claims))"
        return "\(signed).\(Base64URL.text(try key.signature(for: Array(signed.utf8)).rawRepresentation))"
    }

    /// The public half of a key, as a key set has it.
    static func entry(_ key: P256.Signing.PrivateKey, kid: String) -> JSON {
        let point = Array(key.publicKey.rawRepresentation)
        return [
            "kty": "EC", "crv": "P-256", "kid": .string(kid), "use": "sig", "x": .string(Base64URL.text(point[..<32])),
            "y": .string(Base64URL.text(point[32...])),
        ]
    }
}

/// A key set whose answers a test decides.
actor ScriptedKeySet: KeySetSource {
    enum Answer: Sendable {
        case keys([JSON])
        case bytes([UInt8])
        case failure
        /// Until the read is cancelled.
        case silence
    }

    private(set) var reads = 0
    private var answer: Answer

    init(_ answer: Answer) {
        self.answer = answer
    }

    func set(_ answer: Answer) {
        self.answer = answer
    }

    func read(maxBytes: Int) async throws -> [UInt8] {
        reads += 1
        switch answer {
        case .keys(let keys): return (["keys": .array(keys)] as JSON).utf8
        case .bytes(let bytes): return bytes
        case .failure: throw CredentialError.unverifiable
        case .silence:
            try await Task.sleep(for: .seconds(3_600))
            return []
        }
    }
}
