import Postgres

/// A key that signs tickets and session cookies.
package struct SigningKeyRecord: Sendable, Hashable {
    package let id: String
    /// 32 bytes.
    package let secret: [UInt8]

    package init(id: String, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }
}

extension Store {
    /// How many keys verify besides the newest, which signs: a ticket outlives that many rotations.
    private static let kept = 3

    /// The signing keys, the newest first. The first node makes one.
    package func signingKeys() async throws -> [SigningKeyRecord] {
        let keys = try await readSigningKeys()
        if !keys.isEmpty { return keys }
        try await rotateSigningKeys(onlyIfNone: true)
        return try await readSigningKeys()
    }

    /// Makes a new key, which signs from the moment that a node reads it. Keys before the newest ones are removed, and what
    /// they signed opens nothing any more.
    ///
    /// - Parameter onlyIfNone: changes nothing where there is a key.
    package func rotateSigningKeys(onlyIfNone: Bool = false) async throws {
        _ = try await pipeline(
            .credentials,
            [
                "SELECT pg_advisory_xact_lock(hashtextextended('pressroom signing keys', 0))",
                """
                INSERT INTO pressroom.signing_keys (secret)
                SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
                 WHERE NOT \(onlyIfNone)::boolean OR NOT EXISTS (SELECT FROM pressroom.signing_keys)
                """,
                """
                DELETE FROM pressroom.signing_keys
                 WHERE id NOT IN (SELECT id FROM pressroom.signing_keys ORDER BY created_at DESC, id LIMIT \(1 + Self.kept))
                """,
            ])
    }

    private func readSigningKeys() async throws -> [SigningKeyRecord] {
        try await query(
            .credentials, "SELECT id, secret FROM pressroom.signing_keys ORDER BY created_at DESC, id"
        ).map { row in
            SigningKeyRecord(id: try row.decode("id"), secret: try row.decode("secret", as: PostgresBytes.self).bytes)
        }
    }
}
