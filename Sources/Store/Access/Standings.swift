import Base
package import Foundation
import Postgres
package import Workflow

/// Whose standing is asked for.
package struct Subject: Sendable, Hashable {
    package let tenantID: String
    package let userID: String
    package let groups: [String]
    /// The session that is used; nil: none.
    package let sessionID: UUID?

    /// - Parameter groups: in any order.
    package init(tenantID: String, userID: String, groups: some Sequence<String>, sessionID: UUID? = nil) {
        self.sessionID = sessionID
        self.tenantID = tenantID
        self.userID = userID
        self.groups = groups.sorted()
    }
}

/// What a user is in a tenant now.
package struct Standing: Sendable, Hashable {
    package let tenantStatus: TenantStatus
    package let tenantLimits: TenantLimits
    /// By workspace the highest level that the user has there, by itself or by a group.
    package let workspaces: [UUID: AccessLevel]
    /// Whether the user has signed out of the session.
    package let hasSessionEnded: Bool
    /// Of the tenant's log, when it was read.
    package let position: Int64
}

extension Store {
    /// The standings of users; those of tenants that do not exist are left out.
    package func standings(of subjects: [Subject]) async throws -> [Subject: Standing] {
        let records = JSON.array(
            subjects.enumerated().map { number, subject in
                [
                    "n": .integer(Int64(number)), "tenant": .string(subject.tenantID),
                    "session": subject.sessionID.map { .string($0.text) } ?? .null,
                    "members": .array((["user:\(subject.userID)"] + subject.groups.map { "group:\($0)" }).map(JSON.string)),
                ]
            })
        let rows = try await query(
            .credentials,
            """
            SELECT s.n, t.status, t.requests_per_minute, t.max_streams, m.workspace_id, m.access,
                   s.session IS NOT NULL AND EXISTS (
                       SELECT FROM pressroom.ended_sessions e WHERE e.tenant_id = s.tenant AND e.id = s.session) AS has_session_ended,
                   (SELECT h.position FROM pressroom.stream_heads h WHERE h.tenant_id = t.tenant_id) AS position
              FROM json_to_recordset(\(records)::json) AS s (n integer, tenant text, session uuid, members json)
              JOIN pressroom.tenants t ON t.tenant_id = s.tenant
              LEFT JOIN LATERAL (
                   SELECT m.workspace_id, m.access
                     FROM json_array_elements_text(s.members) AS e (member)
                     JOIN pressroom.workspace_members m ON m.tenant_id = s.tenant AND m.member = e.member COLLATE "C"
                   OFFSET 0) m ON true
            """)
        var standings: [Subject: Standing] = [:]
        for row in rows {
            let number = try row.decode("n", as: Int.self)
            guard subjects.indices.contains(number) else { continue }
            let status = TenantStatus(rawValue: try row.decode("status")) ?? .suspended
            let limits = TenantLimits(
                requestsPerMinute: try row.decode("requests_per_minute"), maxStreams: try row.decode("max_streams"))
            var workspaces = standings[subjects[number]]?.workspaces ?? [:]
            if let id = try row.decode("workspace_id", as: UUID?.self),
                let level = try row.decode("access", as: String?.self).flatMap(AccessLevel.init(rawValue:))
            {
                workspaces[id] = max(level, workspaces[id] ?? level)
            }
            standings[subjects[number]] = Standing(
                tenantStatus: status, tenantLimits: limits, workspaces: workspaces,
                hasSessionEnded: try row.decode("has_session_ended"),
                position: try row.decode("position", as: Int64?.self) ?? 0)
        }
        return standings
    }

    /// Ends a session; ending it again changes nothing.
    ///
    /// - Parameter expiresAt: when it ends by itself, and need not be remembered any more.
    package func endSession(_ scope: Scope, _ id: UUID, expiresAt: Date) async throws {
        _ = try await write(
            scope,
            [
                """
                INSERT INTO pressroom.ended_sessions (tenant_id, id, expires_at)
                VALUES (\(scope.tenantID), \(id), \(expiresAt)::timestamptz) ON CONFLICT DO NOTHING
                """
            ])
    }

    /// Forgets sessions that have ended by themselves. Returns how many. Clocks of nodes may be off by an hour.
    package func forgetEndedSessions() async throws -> Int {
        try await query(.retention, "DELETE FROM pressroom.ended_sessions WHERE expires_at < now() - interval '1 hour'").affectedRows
    }

    /// Makes a tenant at its first token. One that is there already is left as it is.
    package func createTenantIfMissing(_ id: String) async throws {
        guard Self.isTenantName(id) else { return }
        _ = try await database.query(
            in: id, "INSERT INTO pressroom.tenants (tenant_id) VALUES (\(id)) ON CONFLICT DO NOTHING")
    }
}
