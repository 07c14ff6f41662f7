import Base
import Foundation
import JWTKit

/// A public key of a key set, with the algorithms that fit it.
///
/// JWTKit keeps for a key the first algorithm that it was asked for, so that the first token would decide which others are
/// verified. Here each algorithm has its own.
struct VerificationKey: Sendable {
    let id: String?
    private let verifiers: [String: any JWTAlgorithm]

    /// What a key set can verify. `none` and HS are not among them.
    static let algorithms: Set<String> = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    func fits(_ algorithm: String) -> Bool { verifiers[algorithm] != nil }

    func verifies(_ token: WebToken) async throws -> Bool {
        guard let verifier = verifiers[token.algorithm] else { return false }
        // A signature of the wrong length is an error to some algorithms, and wrong to all.
        return (try? verifier.verify(token.signature, signs: token.signedBytes)) ?? false
    }

    /// The usable keys of a set; nil for bytes that are no set. Keys of other types or uses are left out.
    static func keys(inSet bytes: [UInt8], maxCount: Int) async -> [VerificationKey]? {
        guard let set = try? JSON(parsing: bytes), let entries = set["keys"]?.array else { return nil }
        var keys: [VerificationKey] = []
        for entry in entries.prefix(maxCount) {
            if let key = await VerificationKey(entry) { keys.append(key) }
        }
        return keys
    }

    private init?(_ entry: JSON) async {
        if let use = entry["use"]?.string, use != "sig" { return nil }
        guard let type = entry["kty"]?.string, let families = Self.families[type] else { return nil }
        if type == "RSA" {
            guard let modulus = entry["n"]?.string.flatMap({ Base64URL.bytes($0) }), modulus.count >= Self.minModulusBytes else {
                return nil
            }
        }
        let given = entry["alg"]?.string
        var verifiers: [String: any JWTAlgorithm] = [:]
        for algorithm in families where given == nil || given == algorithm {
            verifiers[algorithm] = await Self.verifier(entry, algorithm)
        }
        guard !verifiers.isEmpty else { return nil }
        id = entry["kid"]?.string
        self.verifiers = verifiers
    }

    private static let families: [String: [String]] = [
        "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], "EC": ["ES256", "ES384", "ES512"], "OKP": ["EdDSA"],
    ]

    /// What RS and PS need at least (RFC 7518, section 3.3): 2,048 bits.
    private static let minModulusBytes = 256

    /// Nil where the key cannot be read, or is not for the algorithm.
    private static func verifier(_ entry: JSON, _ algorithm: String) async -> (any JWTAlgorithm)? {
        if let curve = curves[algorithm], entry["crv"]?.string != curve { return nil }
        guard var members = entry.object else { return nil }
        members["alg"] = .string(algorithm)
        members["kid"] = "key"
        // Only what verifies: a set may have been published with private parts by mistake.
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] { _ = members.removeValue(forKey: name) }
        guard let key = try? JSONDecoder().decode(JWK.self, from: Data(JSON.object(members).utf8)) else { return nil }
        let collection = JWTKeyCollection()
        guard (try? await collection.add(jwk: key)) != nil else { return nil }
        return try? await collection.getKey(for: "key", alg: algorithm)
    }

    private static let curves = ["ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"]
}
