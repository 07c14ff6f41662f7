package import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `phases`, and may change (the variables).
package struct PhaseRow: Sendable, Equatable {
    package let id: UUID
    package let key: String
    package let ordinal: Int
    package var status: PhaseStatus
    /// Among the completed phases of the task, from 0, in the order in which they completed; nil of a phase that no processor
    /// has completed.
    package var place: Int?
    /// Which run of a phase that repeats, counted from 0.
    package var iteration: Int
    /// `items` of a phase that does its work for each element of a list.
    package var input: JSON?
    package var output: JSON?
    package var error: JSON?
}

extension PhaseRow {
    static let table = Table(
        "phases", fixed: "id uuid, task_id uuid, key text, ordinal integer",
        changing: "status text, iteration integer, input json, output json, error json, place integer")

    /// The phases of some tasks, in the order of their workflow.
    static func select(_ tenant: String, _ taskIDs: [UUID], _ lock: RowLock) -> PostgresQuery {
        """
        SELECT \(raw: table.columns.names) FROM pressroom.phases
         WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
         ORDER BY task_id, ordinal\(raw: lock.rawValue)
        """
    }

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        key = try row.decode("key")
        ordinal = try row.decode("ordinal")
        status = try row.status("status")
        iteration = try row.decode("iteration")
        input = try row.json("input")
        output = try row.json("output")
        error = try row.json("error")
        place = try row.decode("place")
    }

    func write(to row: inout RecordSet) {
        row.set("id", id)
        row.set("status", .string(status.rawValue))
        row.set("iteration", .integer(Int64(iteration)))
        row.set("input", input)
        row.set("output", output)
        row.set("error", error)
        row.set("place", place.map { .integer(Int64($0)) })
    }
}

/// The phases of one task by key, and the version of the workflow that it runs.
package struct PhaseStatuses: Sendable {
    package let workflowID: UUID
    package let workflowName: String
    package let statuses: [String: PhaseStatus]
}

extension Store {
    /// The status of each phase of a task; nil when the scope has no such task.
    package func phaseStatuses(_ scope: Scope, _ taskID: UUID) async throws -> PhaseStatuses? {
        let rows = try await query(
            scope,
            """
            SELECT t.workflow_id, t.workflow_name, p.key, p.status
              FROM pressroom.tasks t JOIN pressroom.phases p USING (tenant_id, task_id)
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        guard let first = rows.first else { return nil }
        var statuses: [String: PhaseStatus] = [:]
        for row in rows { statuses[try row.decode("key")] = try row.status("status") }
        return PhaseStatuses(
            workflowID: try first.decode("workflow_id"), workflowName: try first.decode("workflow_name"), statuses: statuses)
    }
}
