import Base
package import Foundation
import Postgres
package import Workflow

/// A published version of a workflow as a client gets it, with what the answer's headers need.
package struct WorkflowView: Sendable {
    package let json: JSONText
    package let id: UUID
    package let version: String
    package let status: WorkflowStatus
    /// `updated_at`, which changes with every change of the row and so serves as its entity tag.
    package let revision: String
}

extension WorkflowView {
    /// What a statement selects of a workflow that it calls `w`.
    static let columns =
        "pressroom.workflow_json(w) AS json, w.id, w.version, w.status, pressroom.iso(w.updated_at) AS revision"

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

/// Whether a version can be started (`active`), and where it is shown.
package enum WorkflowStatus: String, Sendable, CaseIterable {
    case active, inactive, archived
}

/// What a list of workflows is narrowed by; nil means: not by this.
package struct WorkflowFilter: Sendable {
    package var name: String?
    package var status: WorkflowStatus?
    package var category: String?
    package var tag: String?

    package init() {}
}

/// What may change in a published version; nil: not this.
package struct WorkflowChanges: Sendable {
    package var status: WorkflowStatus?
    package var isPublic: Bool?
    package var tags: [String]?
    /// `.some(nil)` takes the category away.
    package var category: String??

    package init() {}
}

extension Store {
    /// Published versions of workflows, newest first. A page looks at a bounded number of them.
    package func workflows(
        _ scope: Scope, _ filter: WorkflowFilter, _ page: PageRequest, examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        var walk = ListWalk(
            table: "pressroom.workflows", id: "id", order: ["id"], item: "pressroom.workflow_json(t)", key: "t.id::text",
            tenantID: scope.tenantID, bounds: ["t.tenant_id = \(scope.tenantID)"], start: "t.id < \(try page.idBelow())")
        if let name = filter.name { walk.ways = ["t.name = \(name)"] }
        if let sight = scope.sight { walk.others.append(sight.condition(onWorkflow: "t")) }
        if let status = filter.status { walk.others.append("t.status = \(status.rawValue)") }
        if let category = filter.category { walk.others.append("t.category = \(category)") }
        if let tag = filter.tag { walk.others.append("\(tag) = ANY(t.tags)") }
        return try await walk.page(page, examined: examined, database)
    }

    /// The active version of a workflow that comes last by Semantic Versioning; nil when there is none.
    package func latestWorkflow(_ scope: Scope, name: String) async throws -> WorkflowView? {
        let rows = try await query(
            scope,
            """
            SELECT \(raw: WorkflowView.columns)
              FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) AND w.status = 'active'
             ORDER BY w.version_sort DESC, w.id DESC LIMIT 1
            """)
        return try rows.first.map(WorkflowView.init)
    }

    /// One version of a workflow, whatever its status; nil when there is none.
    package func workflow(_ scope: Scope, name: String, version: String) async throws -> WorkflowView? {
        let rows = try await query(
            scope,
            """
            SELECT \(raw: WorkflowView.columns)
              FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) AND w.version = \(version)
            """)
        return try rows.first.map(WorkflowView.init)
    }

    /// The definition of a published version; nil when the scope has no such row. `workflowVersion` keeps it.
    func workflowDefinition(_ scope: Scope, id: UUID) async throws -> WorkflowDefinition? {
        let rows = try await query(
            scope,
            "SELECT definition FROM pressroom.workflows WHERE tenant_id = \(scope.tenantID) AND id = \(id)")
        guard let json = try rows.first?.json("definition") else { return nil }
        return try WorkflowDefinition(json: json)
    }

    /// The versions of a workflow, the last by Semantic Versioning first; nil when there is no such workflow.
    package func workflowVersions(_ scope: Scope, name: String, _ page: PageRequest) async throws -> ListPage? {
        let rows = try await query(
            scope,
            """
            SELECT pressroom.workflow_json(w) AS item, w.version_sort || ' ' || w.id AS key FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name)
               AND (\(page.after?.key)::text IS NULL OR (w.version_sort || ' ' || w.id) COLLATE "C" < \(page.after?.key))
             ORDER BY (w.version_sort || ' ' || w.id) COLLATE "C" DESC LIMIT \(page.limit + 1)
            """)
        if rows.isEmpty, page.after == nil { return nil }
        let total = try await total(
            scope, page, of: "FROM pressroom.workflows w WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name)")
        return ListPage(rows, limit: page.limit, total: total)
    }

    /// Changes what may change in a published version.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifRevision` does not have the row's revision.
    package func changeWorkflow(
        _ scope: Scope, name: String, version: String, _ changes: WorkflowChanges, ifRevision: RowVersions?
    ) async throws -> WorkflowView {
        try await write(scope) { transaction in
            let current = try await transaction.query(
                """
                SELECT pressroom.iso(updated_at) AS revision FROM pressroom.workflows
                 WHERE tenant_id = \(scope.tenantID) AND name = \(name) AND version = \(version) FOR NO KEY UPDATE
                """)
            guard let revision: String = try current.first?.decode("revision") else {
                throw StoreError(.notFound, "There is no version \(version) of a workflow \(name).")
            }
            if let ifRevision, !ifRevision.contains(revision) {
                throw StoreError(.stale, "The workflow was changed at \(revision).")
            }
            let rows = try await transaction.query(
                """
                UPDATE pressroom.workflows w
                   SET status = coalesce(\(changes.status?.rawValue), w.status),
                       is_public = coalesce(\(changes.isPublic)::boolean, w.is_public),
                       tags = coalesce(\(changes.tags)::text[], w.tags),
                       category = CASE WHEN \(changes.category != nil)::boolean THEN \(changes.category ?? nil) ELSE w.category END
                 WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) AND w.version = \(version)
                RETURNING \(raw: WorkflowView.columns)
                """)
            return try WorkflowView(rows[0])
        }
    }

    /// Publishes a version. The same version with the same definition is returned as it is, `isNew` false; members in another
    /// order make no other definition.
    ///
    /// - Throws: `StoreError` `conflict` when the version is published with another definition, or the name is taken where the
    ///   scope does not see it; `invalid` for a workspace that the tenant does not have.
    package func publishWorkflow(
        on transaction: WriteTransaction, _ scope: Scope, _ workflow: WorkflowDefinition, workspaceID: UUID? = nil,
        isPublic: Bool = false
    ) async throws -> (view: WorkflowView, isNew: Bool) {
        let version = workflow.version.description
        let seen = scope.sight?.condition(onWorkflow: "w") ?? "true"
        let inserted: PostgresResult
        do {
            let named = try await transaction.pipeline([
                // As the trigger does (0015_sight), so that no other version comes in between.
                """
                SELECT pg_advisory_xact_lock(
                    hashtextextended('pressroom workflow ' || \(scope.tenantID)::text || ' ' || \(workflow.name)::text, 0))
                """,
                """
                SELECT count(*) > 0 AND NOT coalesce(bool_or((\(part: seen)) IS TRUE), false) AS is_hidden
                  FROM pressroom.workflows w WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(workflow.name)
                """,
            ])
            guard try named[1].first?.decode("is_hidden", as: Bool.self) == false else { throw Self.nameTaken(workflow.name) }
            inserted = try await transaction.query(
                """
                INSERT INTO pressroom.workflows AS w (tenant_id, id, workspace_id, name, version, version_sort, description,
                       definition, is_public, category, tags, created_by)
                VALUES (\(scope.tenantID), \(UUIDv7.next()), \(workspaceID)::uuid, \(workflow.name), \(version),
                        \(workflow.version.sortKey), \(workflow.description), \(workflow.json)::json, \(isPublic),
                        \(workflow.category), \(workflow.tags)::text[], \(scope.userID))
                ON CONFLICT (tenant_id, name, version) DO NOTHING
                RETURNING \(raw: WorkflowView.columns)
                """)
        } catch let error as PostgresError where error.constraint == "workflow_name_in_one_workspace" {
            throw Self.nameTaken(workflow.name)
        } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.foreignKeyViolation {
            throw StoreError(
                .invalid, "There is no such workspace.",
                problems: [Problem(pointer: "/query/workspace_id", detail: "is unknown")])
        }
        if let row = inserted.first { return (try WorkflowView(row), true) }
        let rows = try await transaction.query(
            """
            SELECT \(raw: WorkflowView.columns),
                   w.definition::jsonb = \(workflow.json)::jsonb AS is_same, (\(part: seen)) IS TRUE AS is_seen
              FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(workflow.name) AND w.version = \(version)
            """)
        guard try rows.first?.decode("is_seen", as: Bool.self) == true else {
            throw StoreError(.conflict, "Version \(version) of \(workflow.name) is taken; publish a new version.")
        }
        guard let row = rows.first, try row.decode("is_same", as: Bool.self) else {
            throw StoreError(
                .conflict, "Version \(version) of \(workflow.name) is published with another definition; publish a new version.")
        }
        return (try WorkflowView(row), false)
    }

    /// The workspace in which the versions of a workflow are, as far as the scope sees one of them.
    ///
    /// - Returns: nil when it sees none; `.some(nil)` for a workflow that is in no workspace.
    package func workspace(_ scope: Scope, ofWorkflow name: String) async throws -> UUID?? {
        let rows = try await query(
            scope,
            """
            SELECT w.workspace_id FROM pressroom.workflows w
             WHERE w.tenant_id = \(scope.tenantID) AND w.name = \(name) LIMIT 1
            """)
        return try rows.first.map { try $0.decode("workspace_id", as: UUID?.self) }
    }

    /// Says no more: who has the name is not for all.
    private static func nameTaken(_ name: String) -> StoreError {
        StoreError(.conflict, "The name \(name) is taken; publish the workflow under another.")
    }
}

extension SemanticVersion {
    /// A text that orders byte by byte as the versions do (Semantic Versioning 2.0.0, item 11): what
    /// `workflows.version_sort` holds.
    ///
    /// Numbers have 20 digits. `~`, after every letter, ends a release, which comes after its pre-releases. In those a
    /// number is marked `0` and a word `1`, because numbers come first, and `,`, before every character of an
    /// identifier, ends each, so that fewer of them come first.
    var sortKey: String {
        let core = [major, minor, patch].map { Self.padded(String($0)) }.joined(separator: ".")
        guard !prerelease.isEmpty else { return core + "~" }
        return core + "-"
            + prerelease.map { part in
                let isNumber = part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                return (isNumber ? "0" + Self.padded(part) : "1" + part) + ","
            }.joined()
    }

    private static func padded(_ digits: String) -> String {
        String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits
    }
}
