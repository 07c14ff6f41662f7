package import Base
package import Foundation
import Postgres
import Workflow

/// A schedule whose time has come, or whose next time is to be worked out.
package struct DueSchedule: Sendable {
    package let tenantID: String
    package let id: UUID
    package let version: Int64
    package let createdBy: String
    /// By the database's clock, when the row was read.
    package let now: Date
    /// What the row says; a failure is of a row that was not written by the service.
    package let row: Result<ScheduleRow, ProblemList>
}

extension DueSchedule {
    init(_ row: PostgresRow) throws {
        tenantID = try row.decode("tenant_id")
        id = try row.decode("id")
        version = try row.decode("version")
        createdBy = try row.decode("created_by")
        now = try row.decode("now")
        do {
            self.row = .success(try ScheduleRow(row))
        } catch let problems as ProblemList {
            self.row = .failure(problems)
        } catch let error as StoreError where error.code == .unreadable {
            self.row = .failure(ProblemList(error.message))
        }
    }
}

/// What the scheduler has decided for a schedule.
package enum ScheduleOutcome: Sendable {
    /// The next time is planned, no more.
    case planned
    /// A task starts for the time `due`.
    case fires(TaskStart, due: Date)
    /// No task starts; `schedules.last_error` says why.
    case failed(JSON)
}

/// What became of the decision.
package enum ScheduleSettlement: Sendable, Equatable {
    /// The row says so now.
    case settled
    /// A task had been started for that time already; only the next time was planned.
    case alreadyFired
    /// Another node was faster, a client changed the schedule, another session holds it, or the tenant was suspended.
    case leftAlone
}

extension Store {
    /// Schedules that are due by the database's clock, some of each tenant, the longest due first. Those of a suspended
    /// tenant wait until it is active again.
    ///
    /// Those of a suspended tenant stay due: once it is active again they are handled as late ones, by their `misfire`.
    ///
    /// - Parameter limit: of each tenant, at most.
    package func dueSchedules(limit: Int) async throws -> [DueSchedule] {
        try await query(
            .schedules,
            """
            SELECT \(raw: ScheduleRow.columns), now() AS now
              FROM pressroom.tenants t CROSS JOIN LATERAL (
                   SELECT * FROM pressroom.schedules d
                    WHERE d.tenant_id = t.tenant_id AND d.enabled AND (d.next_run_at IS NOT NULL OR d.last_error IS NULL)
                      AND coalesce(d.next_run_at, '-infinity'::timestamptz) <= now()
                    ORDER BY coalesce(d.next_run_at, '-infinity'::timestamptz) LIMIT \(limit)) s
             WHERE t.status = 'active'
             ORDER BY s.next_run_at NULLS FIRST, s.id
            """
        ).map(DueSchedule.init)
    }

    /// How long until the next schedule of any tenant is due; nil when none is planned.
    package func timeToNextSchedule() async throws -> Duration? {
        let rows = try await query(
            .schedules,
            """
            SELECT extract(epoch FROM least(min(s.next_run_at), now() + interval '1 day') - now())::float8 AS seconds
              FROM pressroom.tenants t CROSS JOIN LATERAL (
                   SELECT d.next_run_at FROM pressroom.schedules d
                    WHERE d.tenant_id = t.tenant_id AND d.enabled AND (d.next_run_at IS NOT NULL OR d.last_error IS NULL)
                      AND isfinite(d.next_run_at)
                    ORDER BY coalesce(d.next_run_at, '-infinity'::timestamptz) LIMIT 1) s
             WHERE t.status = 'active'
            """)
        return try rows.first?.decode("seconds", as: Double?.self).map { .seconds($0) }
    }

    /// Carries out what was decided for a due schedule, with the task it starts, in one transaction.
    ///
    /// Exactly one node gets through: it locks the row as it was read, and its change makes the others' reading stale.
    /// The key of `schedule_firings` holds even where `next_run_at` is set back by hand.
    package func settle(
        _ scope: Scope, _ schedule: DueSchedule, _ outcome: ScheduleOutcome, next: Date?
    ) async throws -> ScheduleSettlement {
        let tenant = scope.tenantID
        return try await write(scope) { transaction -> ScheduleSettlement in
            let held = try await transaction.query(
                """
                SELECT id FROM pressroom.schedules
                 WHERE tenant_id = \(tenant) AND id = \(schedule.id) AND version = \(schedule.version) AND enabled
                   AND EXISTS (SELECT FROM pressroom.tenants t WHERE t.tenant_id = \(tenant) AND t.status = 'active')
                   FOR NO KEY UPDATE SKIP LOCKED
                """)
            guard !held.isEmpty else { return .leftAlone }
            switch outcome {
            case .planned:
                _ = try await transaction.query(
                    """
                    UPDATE pressroom.schedules SET next_run_at = \(next)::timestamptz
                     WHERE tenant_id = \(tenant) AND id = \(schedule.id)
                    """)
            case .failed(let error):
                _ = try await transaction.query(
                    """
                    UPDATE pressroom.schedules SET next_run_at = \(next)::timestamptz, last_error = \(error)::json
                     WHERE tenant_id = \(tenant) AND id = \(schedule.id)
                    """)
            case .fires(let start, let due):
                return try await fire(transaction, scope, schedule, start, due: due, next: next)
            }
            return .settled
        }
    }

    private func fire(
        _ transaction: WriteTransaction, _ scope: Scope, _ schedule: DueSchedule, _ start: TaskStart, due: Date, next: Date?
    ) async throws -> ScheduleSettlement {
        let tenant = scope.tenantID
        let entered = try await transaction.query(
            """
            INSERT INTO pressroom.schedule_firings (tenant_id, schedule_id, due_at, task_id)
            VALUES (\(tenant), \(schedule.id), \(due)::timestamptz, \(start.taskID))
            ON CONFLICT (tenant_id, schedule_id, due_at) DO NOTHING
            """)
        let isNew = entered.affectedRows == 1
        _ = try await transaction.pipeline([
            """
            UPDATE pressroom.schedules
               SET next_run_at = \(next)::timestamptz,
                   last_run_at = CASE WHEN \(isNew)::boolean THEN now() ELSE last_run_at END,
                   last_task_id = CASE WHEN \(isNew)::boolean THEN \(start.taskID)::uuid ELSE last_task_id END,
                   last_error = NULL
             WHERE tenant_id = \(tenant) AND id = \(schedule.id)
            """,
            """
            DELETE FROM pressroom.schedule_firings
             WHERE tenant_id = \(tenant) AND schedule_id = \(schedule.id)
               AND due_at < least(\(due)::timestamptz, now()) - interval '30 days'
            """,
        ])
        guard isNew else { return .alreadyFired }
        // Last: from here on the tenant's log is held until the commit.
        _ = try await startTask(on: transaction, scope, start)
        return .settled
    }
}
