package import Base
package import Foundation
import Postgres
import Workflow

/// A new row of `attempts`: a run of a step that ends in this transaction. The rest of its row is what the step's row had
/// when the run ended.
package struct AttemptRow: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        case completed, failed
        /// The node that ran it is gone.
        case lost
        /// The step was paused or cancelled, or its node handed it back.
        case cancelled
    }

    package let id = UUIDv7.next()
    package let stepID: UUID
    package let status: Status
    package let error: JSON?

    package init(stepID: UUID, status: Status, error: JSON? = nil) {
        self.stepID = stepID
        self.status = status
        self.error = error
    }

    func write(to row: inout RecordSet) {
        row.set("id", id)
        row.set("step_id", stepID)
        row.set("status", .string(status.rawValue))
        row.set("error", error)
    }

    /// To come before the statement that moves the steps on, or be a part of it: it reads their rows as they were.
    static func insert(_ rows: RecordSet, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.attempts
               (tenant_id, id, task_id, phase_id, step_id, attempt, status, processor_id, error, started_at, ended_at)
        SELECT \(tenant), r.id, s.task_id, s.phase_id, s.id, s.attempt, r.status, s.processor_id, r.error, s.started_at,
               greatest(now(), s.started_at)
          FROM json_to_recordset(\(rows)::json) AS r (id uuid, step_id uuid, status text, error json)
          JOIN pressroom.steps s ON s.tenant_id = \(tenant) AND s.id = r.step_id
         WHERE \(part: isNew)
        """
    }

    /// An operator may have made a step run that has ended before, or that no node has claimed: no such change may keep a task
    /// from being written.
    private static let isNew: PostgresQuery = """
        s.attempt > 0 AND NOT EXISTS (
               SELECT FROM pressroom.attempts a
                WHERE a.tenant_id = s.tenant_id AND a.task_id = s.task_id AND a.step_id = s.id AND a.attempt = s.attempt)
        """

    /// Ends the runs of a task whose rows are not read.
    static func endAll(of taskID: UUID, _ tenant: String, as status: Status, error: JSON?) -> PostgresQuery {
        """
        INSERT INTO pressroom.attempts
               (tenant_id, task_id, phase_id, step_id, attempt, status, processor_id, error, started_at, ended_at)
        SELECT s.tenant_id, s.task_id, s.phase_id, s.id, s.attempt, \(status.rawValue), s.processor_id, \(error)::json,
               s.started_at, greatest(now(), s.started_at)
          FROM pressroom.steps s
         WHERE s.tenant_id = \(tenant) AND s.task_id = \(taskID) AND s.status = 'running' AND \(part: isNew)
        """
    }
}

/// What a list of attempts is narrowed by; nil and empty mean: not by this.
package struct AttemptFilter: Sendable {
    package var taskID: UUID?
    package var stepID: UUID?
    package var statuses: [AttemptRow.Status] = []
    package var errorCode: String?
    /// RFC 3339; attempts that ended at or after it.
    package var since: String?

    package init() {}
}

extension Store {
    /// Runs of steps, the last that ended first.
    package func attempts(
        _ scope: Scope, _ filter: AttemptFilter, _ page: PageRequest, examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        var list = RecordList(table: "attempts", item: "pressroom.attempt_json(t)", scope, page)
        list.add(task: filter.taskID)
        list.add(step: filter.stepID)
        if !filter.statuses.isEmpty { list.add("t.status = ANY(\(filter.statuses.map(\.rawValue))::text[])") }
        if let code = filter.errorCode { list.add("t.error ->> 'code' = \(code)") }
        list.add(since: filter.since, column: "ended_at")
        return try await list.page(examined: examined, database)
    }
}
