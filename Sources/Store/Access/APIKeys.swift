import Base
package import Foundation
import Postgres
package import Workflow

/// What a new key is to be.
package struct NewAPIKey: Sendable {
    package var name: String
    /// The public part of the key.
    package var keyID: String
    /// SHA-256 of its secret.
    package var secretHash: [UInt8]
    package var userID: String
    package var groups: [String]
    package var scopes: [AccessScope]
    package var workspaceID: UUID?
    package var expiresAt: Date?

    package init(
        name: String, keyID: String, secretHash: [UInt8], userID: String, groups: [String], scopes: [AccessScope],
        workspaceID: UUID?, expiresAt: Date?
    ) {
        self.name = name
        self.keyID = keyID
        self.secretHash = secretHash
        self.userID = userID
        self.groups = groups
        self.scopes = scopes
        self.workspaceID = workspaceID
        self.expiresAt = expiresAt
    }
}

/// A key as requests are checked against it.
package struct APIKeyRecord: Sendable, Hashable {
    package let tenantID: String
    package let id: UUID
    package let keyID: String
    package let secretHash: [UInt8]
    package let userID: String
    package let groups: [String]
    package let scopes: Set<AccessScope>
    package let workspaceID: UUID?
    package let expiresAt: Date?
    package let isRevoked: Bool
    /// Of its tenant's log, when it was read.
    package let position: Int64
}

extension APIKeyRecord {
    static let columns = """
        k.tenant_id, k.id, k.key_id, k.secret_hash, k.user_id, k.groups, k.scopes, k.workspace_id, k.expires_at,
        k.revoked_at IS NOT NULL AS is_revoked,
        (SELECT h.position FROM pressroom.stream_heads h WHERE h.tenant_id = k.tenant_id) AS position
        """

    init(_ row: PostgresRow) throws {
        tenantID = try row.decode("tenant_id")
        id = try row.decode("id")
        keyID = try row.decode("key_id")
        secretHash = try row.decode("secret_hash", as: PostgresBytes.self).bytes
        userID = try row.decode("user_id")
        groups = try row.decode("groups")
        scopes = Set(try row.decode("scopes", as: [String].self).compactMap(AccessScope.init(rawValue:)))
        workspaceID = try row.decode("workspace_id")
        expiresAt = try row.decode("expires_at")
        isRevoked = try row.decode("is_revoked")
        position = try row.decode("position", as: Int64?.self) ?? 0
    }
}

extension Store {
    /// The keys of these public parts, of whichever tenant.
    package func apiKeys(ofKeyIDs keyIDs: [String]) async throws -> [APIKeyRecord] {
        try await query(
            .credentials,
            "SELECT \(raw: APIKeyRecord.columns) FROM pressroom.api_keys k WHERE k.key_id = ANY(\(keyIDs)::text[])"
        ).map(APIKeyRecord.init)
    }

    /// Notes that keys are used, to the minute.
    package func touchAPIKeys(keyIDs: [String]) async throws {
        _ = try await query(
            .credentials,
            """
            UPDATE pressroom.api_keys SET last_used_at = now()
             WHERE key_id = ANY(\(keyIDs)::text[]) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
            """)
    }

    /// Keys of a tenant, newest first, without their secrets.
    package func apiKeys(_ scope: Scope, _ page: PageRequest) async throws -> ListPage {
        let rows = try await query(
            scope,
            """
            SELECT pressroom.api_key_json(k) AS item, k.id AS key FROM pressroom.api_keys k
             WHERE k.tenant_id = \(scope.tenantID) AND k.id < \(page.idBelow())
             ORDER BY k.id DESC LIMIT \(page.limit + 1)
            """)
        let total = try await total(scope, page, of: "FROM pressroom.api_keys k WHERE k.tenant_id = \(scope.tenantID)")
        return ListPage(rows, limit: page.limit, total: total)
    }

    /// Adds a key. Returns its row.
    ///
    /// - Throws: `StoreError` `invalid` for a workspace that the tenant does not have, and for a user or group whose name is
    ///   not in normal form C.
    package func createAPIKey(_ scope: Scope, _ key: NewAPIKey) async throws -> JSONText {
        try await write(scope) { try await createAPIKey(on: $0, scope, key) }
    }

    /// The same in a transaction that `write` has opened.
    package func createAPIKey(
        on transaction: WriteTransaction, _ scope: Scope, _ key: NewAPIKey
    ) async throws -> JSONText {
        let odd = [("/user_id", key.userID)] + key.groups.enumerated().map { ("/groups/\($0)", $1) }
        let problems = odd.filter { !$0.1.isInNormalFormC }.map {
            Problem(pointer: $0.0, detail: "must be in Unicode's normal form C")
        }
        guard problems.isEmpty else {
            throw StoreError(.invalid, "The names of a key's user and groups must be in Unicode's normal form C.", problems: problems)
        }
        do {
            let rows = try await transaction.query(
                """
                INSERT INTO pressroom.api_keys AS k (tenant_id, name, key_id, secret_hash, user_id, groups, scopes,
                       workspace_id, created_by, expires_at)
                VALUES (\(scope.tenantID), \(key.name), \(key.keyID), \(PostgresBytes(key.secretHash))::bytea, \(key.userID),
                        \(key.groups)::text[], \(key.scopes.map(\.rawValue))::text[], \(key.workspaceID)::uuid,
                        \(scope.userID), \(key.expiresAt)::timestamptz)
                RETURNING pressroom.api_key_json(k) AS item
                """)
            return JSONText(bytes: rows.first?["item"].bytes ?? [])
        } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.foreignKeyViolation {
            if error.constraint == "api_keys_tenant_id_fkey" { throw Self.noTenant(scope.tenantID) }
            throw StoreError(
                .invalid, "There is no such workspace.", problems: [Problem(pointer: "/workspace_id", detail: "is unknown")])
        }
    }

    /// Ends a key. Ending it again changes nothing.
    ///
    /// - Throws: `StoreError` `notFound`.
    package func revokeAPIKey(_ scope: Scope, _ id: UUID) async throws -> JSONText {
        let results = try await write(
            scope,
            [
                """
                UPDATE pressroom.api_keys SET revoked_at = now()
                 WHERE tenant_id = \(scope.tenantID) AND id = \(id) AND revoked_at IS NULL
                """,
                """
                SELECT pressroom.api_key_json(k) AS item FROM pressroom.api_keys k
                 WHERE k.tenant_id = \(scope.tenantID) AND k.id = \(id)
                """,
            ])
        guard let row = results[1].first else { throw StoreError(.notFound, "There is no key \(id.text).") }
        return JSONText(bytes: row["item"].bytes ?? [])
    }

    /// Ends a key of whichever tenant.
    ///
    /// - Parameter scope: the scope of a tenant's changes.
    /// - Throws: `StoreError` `notFound`.
    package func revokeAPIKey(keyID: String, by scope: (String) -> Scope) async throws -> JSONText {
        guard let key = try await apiKeys(ofKeyIDs: [keyID]).first else {
            throw StoreError(.notFound, "There is no key \(keyID).")
        }
        return try await revokeAPIKey(scope(key.tenantID), key.id)
    }

    package func revokeAPIKey(id: UUID, by scope: (String) -> Scope) async throws -> JSONText {
        let rows = try await query(.credentials, "SELECT k.tenant_id FROM pressroom.api_keys k WHERE k.id = \(id)")
        guard let row = rows.first else { throw StoreError(.notFound, "There is no key \(id.text).") }
        return try await revokeAPIKey(scope(try row.decode("tenant_id")), id)
    }
}
