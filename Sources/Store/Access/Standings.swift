package import Foundation
import Postgres
package import Workflow

/// Whose standing is asked for.
package struct Subject: Sendable, Hashable {
    package let tenantID: String
    package let userID: String
    package let groups: [String]

    /// - Parameter groups: in any order.
    package init(tenantID: String, userID: String, groups: some Sequence<String>) {
        self.tenantID = tenantID
        self.userID = userID
        self.groups = groups.sorted()
    }
}

/// What a user is in a tenant now.
package struct Standing: Sendable, Hashable {
    package let tenantStatus: TenantStatus
    /// By workspace the highest level that the user has there, by itself or by a group.
    package let workspaces: [UUID: AccessLevel]
}

extension Store {
    /// The standing of a user; nil where there is no such tenant.
    package func standing(of subject: Subject) async throws -> Standing? {
        let members = ["user:\(subject.userID)"] + subject.groups.map { "group:\($0)" }
        let results = try await database.pipeline(
            in: subject.tenantID,
            [
                "SELECT status FROM pressroom.tenants WHERE tenant_id = \(subject.tenantID)",
                """
                SELECT workspace_id, access FROM pressroom.workspace_members
                 WHERE tenant_id = \(subject.tenantID) AND member = ANY(\(members)::text[])
                """,
            ])
        guard let row = results[0].first else { return nil }
        var workspaces: [UUID: AccessLevel] = [:]
        for row in results[1] {
            guard let level = AccessLevel(rawValue: try row.decode("access")) else { continue }
            let id = try row.decode("workspace_id", as: UUID.self)
            workspaces[id] = max(level, workspaces[id] ?? level)
        }
        return Standing(
            tenantStatus: TenantStatus(rawValue: try row.decode("status")) ?? .suspended, workspaces: workspaces)
    }

    /// Makes a tenant at its first token. One that is there already is left as it is.
    package func createTenantIfMissing(_ id: String) async throws {
        guard Self.isTenantName(id) else { return }
        _ = try await database.query(
            in: id, "INSERT INTO pressroom.tenants (tenant_id) VALUES (\(id)) ON CONFLICT DO NOTHING")
    }
}
