package import Postgres
package import Workflow

extension Store {
    /// Publishes a version. The same version with the same definition is answered as it stands, `isNew` false.
    ///
    /// - Throws: `StoreError` `conflict` when the version stands with another definition.
    package func publishWorkflow(
        on connection: PostgresConnection, _ scope: Scope, _ workflow: WorkflowDefinition
    ) async throws -> (view: WorkflowView, isNew: Bool) {
        let version = workflow.version.description
        let inserted = try await connection.query(
            """
            INSERT INTO pressroom.workflows AS w (tenant_id, id, name, version, version_sort, description, definition,
                   category, tags, created_by)
            VALUES (\(scope.tenantID), \(UUIDv7.next()), \(workflow.name), \(version), \(workflow.version.sortKey),
                    \(workflow.description), \(workflow.json)::jsonb, \(workflow.category), \(workflow.tags)::text[],
                    \(scope.userID))
            ON CONFLICT (tenant_id, name, version) DO NOTHING
            RETURNING pressroom.workflow_json(w) AS json, w.id, w.version, w.status, pressroom.iso(w.updated_at) AS revision
            """)
        if let row = inserted.first { return (try WorkflowView(row), true) }
        let rows = try await connection.query(
            """
            SELECT pressroom.workflow_json(w) AS json, w.id, w.version, w.status, pressroom.iso(w.updated_at) AS revision,
                   w.definition = \(workflow.json)::jsonb AS is_same
              FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(workflow.name) AND w.version = \(version)
            """)
        guard let row = rows.first, try row.decode("is_same", as: Bool.self) else {
            throw StoreError(
                .conflict, "Version \(version) of \(workflow.name) is published with another definition; publish a new version.")
        }
        return (try WorkflowView(row), false)
    }
}

extension WorkflowView {
    init(_ row: PostgresRow) throws {
        let statusText = try row.decode("status", as: String.self)
        guard let status = WorkflowStatus(rawValue: statusText) else {
            throw StoreError(.invalid, "unknown status \(statusText) of a workflow")
        }
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), id: try row.decode("id"), version: try row.decode("version"),
            status: status, revision: try row.decode("revision"))
    }
}
