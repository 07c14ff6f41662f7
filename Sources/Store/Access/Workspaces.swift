import Base
package import Foundation
import Postgres
import Workflow

/// A workspace's row as a client gets it, with what the answer's headers need.
package struct WorkspaceView: Sendable {
    package let json: JSONText
    package let id: UUID
    package let version: Int64
}

extension WorkspaceView {
    /// What a statement selects of a workspace that it calls `w`.
    static let columns = "pressroom.workspace_json(w) AS json, w.id, w.version"

    init(_ row: PostgresRow) throws {
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), id: try row.decode("id"), version: try row.decode("version"))
    }
}

extension Store {
    /// Workspaces, newest first.
    ///
    /// - Parameter ids: only these; nil for all of the tenant.
    package func workspaces(_ scope: Scope, ids: [UUID]?, _ page: PageRequest) async throws -> ListPage {
        var (listed, id): (PostgresQuery, PostgresQuery) = ("FROM pressroom.workspaces w WHERE w.tenant_id = \(scope.tenantID)", "w.id")
        if let ids {
            // Each by its key, whatever the planner expects.
            listed = """
                FROM unnest(\(ids)::uuid[]) AS own (id) CROSS JOIN LATERAL (
                     SELECT w, w.id FROM pressroom.workspaces w
                      WHERE w.tenant_id = \(scope.tenantID) AND w.id = own.id OFFSET 0) AS k (w, id)
                 WHERE true
                """
            id = "k.id"
        }
        let rows = try await query(
            scope,
            """
            SELECT pressroom.workspace_json(w) AS item, \(part: id) AS key \(part: listed) AND \(part: id) < \(page.idBelow())
             ORDER BY \(part: id) DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit, total: try await total(scope, page, of: listed))
    }

    /// One workspace; nil when the scope has no such row.
    package func workspace(_ scope: Scope, _ id: UUID) async throws -> WorkspaceView? {
        let rows = try await query(
            scope,
            """
            SELECT \(raw: WorkspaceView.columns) FROM pressroom.workspaces w
             WHERE w.tenant_id = \(scope.tenantID) AND w.id = \(id)
            """)
        return try rows.first.map(WorkspaceView.init)
    }

    /// - Throws: `StoreError` `conflict` when there is one of that name.
    package func createWorkspace(_ scope: Scope, name: String, description: String?) async throws -> WorkspaceView {
        try await write(scope) { try await createWorkspace(on: $0, scope, name: name, description: description) }
    }

    /// The same in a transaction that `write` has opened.
    package func createWorkspace(
        on transaction: WriteTransaction, _ scope: Scope, name: String, description: String?
    ) async throws -> WorkspaceView {
        let rows = try await transaction.query(
            """
            INSERT INTO pressroom.workspaces AS w (tenant_id, name, description, created_by)
            VALUES (\(scope.tenantID), \(name), \(description), \(scope.userID)) ON CONFLICT (tenant_id, name) DO NOTHING
            RETURNING \(raw: WorkspaceView.columns)
            """)
        guard let row = rows.first else { throw Self.workspaceNameTaken(name) }
        return try WorkspaceView(row)
    }

    /// - Parameters:
    ///   - name: nil: stays.
    ///   - description: nil: stays.
    /// - Throws: `StoreError` `notFound`, `stale`, or `conflict` when another has the name.
    package func changeWorkspace(
        _ scope: Scope, _ id: UUID, name: String?, description: String??, ifVersion: RowVersions?
    ) async throws -> WorkspaceView {
        do {
            return try await write(scope) { transaction in
                try await lockWorkspace(transaction, scope, id, ifVersion)
                let rows = try await transaction.query(
                    """
                    UPDATE pressroom.workspaces w
                       SET name = coalesce(\(name), w.name),
                           description = CASE WHEN \(description != nil)::boolean THEN \(description ?? nil) ELSE w.description END
                     WHERE w.tenant_id = \(scope.tenantID) AND w.id = \(id)
                    RETURNING \(raw: WorkspaceView.columns)
                    """)
                guard let row = rows.first else { throw Self.noWorkspace(id) }
                return try WorkspaceView(row)
            }
        } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.uniqueViolation {
            throw Self.workspaceNameTaken(name ?? "")
        }
    }

    /// Deletes a workspace, with its members and the keys that open nothing else.
    ///
    /// - Throws: `StoreError` `notFound`, `stale`, or `conflict` while it has a workflow or a task.
    package func deleteWorkspace(_ scope: Scope, _ id: UUID, ifVersion: RowVersions?) async throws {
        try await write(scope) { transaction in
            try await lockWorkspace(transaction, scope, id, ifVersion)
            let used = try await transaction.query(
                """
                SELECT EXISTS (SELECT FROM pressroom.workflows w WHERE w.tenant_id = \(scope.tenantID) AND w.workspace_id = \(id))
                    OR EXISTS (SELECT FROM pressroom.tasks t WHERE t.tenant_id = \(scope.tenantID) AND t.workspace_id = \(id))
                """)
            guard try used.first?.decode(0, as: Bool.self) == false else {
                throw StoreError(.conflict, "The workspace has workflows or tasks; only an empty one can be deleted.")
            }
            _ = try await transaction.query(
                "DELETE FROM pressroom.workspaces WHERE tenant_id = \(scope.tenantID) AND id = \(id)")
        }
    }

    private func lockWorkspace(
        _ transaction: WriteTransaction, _ scope: Scope, _ id: UUID, _ ifVersion: RowVersions?
    ) async throws {
        let rows = try await transaction.query(
            "SELECT version FROM pressroom.workspaces WHERE tenant_id = \(scope.tenantID) AND id = \(id) FOR UPDATE")
        guard let row = rows.first else { throw Self.noWorkspace(id) }
        try StoreError.require(ifVersion, ofVersion: try row.decode("version"), "workspace")
    }

    package static func noWorkspace(_ id: UUID) -> StoreError {
        StoreError(.notFound, "There is no workspace \(id.text).")
    }

    private static func workspaceNameTaken(_ name: String) -> StoreError {
        StoreError(.conflict, "There is a workspace '\(name)' already.")
    }
}
