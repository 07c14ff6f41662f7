import Base
package import Foundation
import Postgres
package import Workflow

/// A user or a group, as a member of a workspace.
package enum Member: Sendable, Hashable {
    case user(String)
    case group(String)

    /// Reads `user:<id>`, `group:<name>`, or the id of a user alone; nil for a name that has no characters, or more than 200.
    package init?(_ text: String) {
        if text.hasPrefix("group:") {
            self = .group(String(text.dropFirst("group:".count)))
        } else {
            self = .user(text.hasPrefix("user:") ? String(text.dropFirst("user:".count)) : text)
        }
        guard (1...200).contains(name.unicodeScalars.count), !name.utf8.contains(0) else { return nil }
    }

    private var name: String {
        switch self {
        case .user(let id): id
        case .group(let name): name
        }
    }

    var userID: String? { if case .user(let id) = self { id } else { nil } }
    var group: String? { if case .group(let name) = self { name } else { nil } }

    /// The value of `workspace_members.member`.
    package var key: String {
        switch self {
        case .user(let id): "user:\(id)"
        case .group(let name): "group:\(name)"
        }
    }
}

extension Store {
    /// The members of a workspace, groups first, by name.
    package func workspaceMembers(_ scope: Scope, _ workspaceID: UUID, _ page: PageRequest) async throws -> ListPage {
        let rows = try await query(
            scope,
            """
            SELECT pressroom.workspace_member_json(m) AS item, m.member AS key FROM pressroom.workspace_members m
             WHERE m.tenant_id = \(scope.tenantID) AND m.workspace_id = \(workspaceID)
               AND (\(page.after?.key)::text IS NULL OR m.member > \(page.after?.key) COLLATE "C")
             ORDER BY m.member LIMIT \(page.limit + 1)
            """)
        let total = try await total(
            scope, page,
            of: "FROM pressroom.workspace_members m WHERE m.tenant_id = \(scope.tenantID) AND m.workspace_id = \(workspaceID)")
        return ListPage(rows, limit: page.limit, total: total)
    }

    /// One member; nil when it is none.
    package func workspaceMember(_ scope: Scope, _ workspaceID: UUID, _ member: Member) async throws -> JSONText? {
        let rows = try await query(
            scope,
            """
            SELECT pressroom.workspace_member_json(m) AS item FROM pressroom.workspace_members m
             WHERE m.tenant_id = \(scope.tenantID) AND m.workspace_id = \(workspaceID) AND m.member = \(member.key) COLLATE "C"
            """)
        return rows.first.map { JSONText(bytes: $0["item"].bytes ?? []) }
    }

    /// Adds a member, or changes its access.
    ///
    /// - Throws: `StoreError` `notFound`.
    package func setWorkspaceMember(
        _ scope: Scope, _ workspaceID: UUID, _ member: Member, _ access: AccessLevel
    ) async throws -> JSONText {
        do {
            let rows = try await write(
                scope,
                [
                    """
                    INSERT INTO pressroom.workspace_members AS m (tenant_id, workspace_id, user_id, "group", access)
                    VALUES (\(scope.tenantID), \(workspaceID), \(member.userID), \(member.group), \(access.rawValue))
                    ON CONFLICT (tenant_id, workspace_id, member) DO UPDATE SET access = EXCLUDED.access
                    RETURNING pressroom.workspace_member_json(m) AS item
                    """
                ])
            return JSONText(bytes: rows[0].first?["item"].bytes ?? [])
        } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.foreignKeyViolation {
            throw Self.noWorkspace(workspaceID)
        }
    }

    /// - Throws: `StoreError` `notFound`.
    package func removeWorkspaceMember(_ scope: Scope, _ workspaceID: UUID, _ member: Member) async throws {
        let results = try await write(
            scope,
            [
                """
                DELETE FROM pressroom.workspace_members
                 WHERE tenant_id = \(scope.tenantID) AND workspace_id = \(workspaceID) AND member = \(member.key) COLLATE "C"
                """
            ])
        guard results[0].affectedRows > 0 else { throw StoreError(.notFound, "The workspace has no such member.") }
    }
}
