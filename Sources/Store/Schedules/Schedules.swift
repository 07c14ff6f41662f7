import Base
package import Foundation
import Postgres
package import Workflow

/// A row of `schedules` as the service works with it.
package struct ScheduleRow: Sendable {
    package let tenantID: String
    package let id: UUID
    package let version: Int64
    package let values: ScheduleValues
    /// Nil when it is off, or when its next time is to be worked out.
    package let nextRunAt: Date?
    package let createdBy: String
}

extension ScheduleRow {
    /// What a statement selects of a schedule that it calls `s`.
    static let columns = """
        s.tenant_id, s.id, s.version, s.created_by, \(ScheduleValues.columns.names(of: "s")),
        CASE WHEN isfinite(s.next_run_at) THEN s.next_run_at END AS next_run_at
        """

    /// - Throws: `ProblemList` for what only `psql` can have written.
    init(_ row: PostgresRow) throws {
        let tenantID: String = try row.decode("tenant_id")
        self.tenantID = tenantID
        id = try row.decode("id")
        version = try row.decode("version")
        nextRunAt = try row.decode("next_run_at")
        createdBy = try row.decode("created_by")
        guard let misfire = MisfirePolicy(rawValue: try row.decode("misfire")) else {
            throw ProblemList("is unknown", at: "/misfire")
        }
        values = ScheduleValues(
            workflowName: try row.decode("workflow_name"), workflowVersion: try row.decode("workflow_version"),
            cron: try row.decode("cron"), timezone: try row.decode("timezone"), misfire: misfire,
            input: try row.json("input") ?? [:], config: try row.json("config") ?? [:],
            context: try ScheduleContext(try row.json("context") ?? [:], tenantID: tenantID),
            priority: try row.decode("priority"), isEnabled: try row.decode("enabled"))
    }
}

/// A schedule's row as a client gets it, with what the answer's headers need.
package struct ScheduleView: Sendable {
    package let json: JSONText
    package let id: UUID
    package let version: Int64
}

extension ScheduleView {
    /// What a statement selects of a schedule that it calls `s`.
    static let columns = "pressroom.schedule_json(s) AS json, s.id, s.version"

    init(_ row: PostgresRow) throws {
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), id: try row.decode("id"), version: try row.decode("version"))
    }
}

/// What a list of schedules is narrowed by; nil means: not by this.
package struct ScheduleFilter: Sendable {
    package var workflow: String?
    package var isEnabled: Bool?

    package init() {}
}

extension Store {
    /// Schedules, newest first.
    package func schedules(_ scope: Scope, _ filter: ScheduleFilter, _ page: PageRequest) async throws -> ListPage {
        var listed: PostgresQuery = "FROM pressroom.schedules s WHERE s.tenant_id = \(scope.tenantID)"
        if let workflow = filter.workflow { listed += " AND s.workflow_name = \(workflow)" }
        switch filter.isEnabled {
        case true?: listed += " AND s.enabled"
        case false?: listed += " AND NOT s.enabled"
        case nil: break
        }
        let rows = try await query(
            scope,
            """
            SELECT pressroom.schedule_json(s) AS item, s.id AS key \(part: listed) AND s.id < \(page.idBelow())
             ORDER BY s.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit, total: try await total(scope, page, of: listed))
    }

    /// One schedule; nil when the scope has no such row.
    package func schedule(_ scope: Scope, _ id: UUID) async throws -> ScheduleView? {
        let rows = try await query(
            scope,
            """
            SELECT \(raw: ScheduleView.columns) FROM pressroom.schedules s
             WHERE s.tenant_id = \(scope.tenantID) AND s.id = \(id)
            """)
        return try rows.first.map(ScheduleView.init)
    }

    /// The same as the service works with it.
    package func scheduleRow(_ scope: Scope, _ id: UUID) async throws -> ScheduleRow? {
        let rows = try await query(
            scope,
            """
            SELECT \(raw: ScheduleRow.columns) FROM pressroom.schedules s
             WHERE s.tenant_id = \(scope.tenantID) AND s.id = \(id)
            """)
        return try rows.first.map(ScheduleRow.init)
    }

    /// Adds a schedule in a transaction that `write` has opened. Its next time follows the database's clock.
    package func createSchedule(
        on transaction: WriteTransaction, _ scope: Scope, _ values: ScheduleValues, _ cron: CronSchedule
    ) async throws -> ScheduleView {
        let next = try await values.isEnabled ? cron.next(after: now(transaction)) : nil
        let columns = ScheduleValues.columns
        let rows = try await transaction.query(
            """
            INSERT INTO pressroom.schedules AS s (tenant_id, id, \(raw: columns.names), next_run_at, created_by)
            SELECT \(scope.tenantID), \(UUIDv7.next()), \(raw: columns.values), \(next)::timestamptz, \(scope.userID)
              FROM json_to_record(\(values.json)::json) AS r (\(raw: columns.definitions))
            RETURNING \(raw: ScheduleView.columns)
            """)
        return try ScheduleView(rows[0])
    }

    /// Gives a schedule new values and forgets its last error; nil when it is no longer at `version`, for instance because
    /// it has just fired.
    ///
    /// - Parameter cron: plans the next time anew, from now on; nil leaves it as it is.
    /// - Throws: `StoreError` `conflict` when another session holds the row.
    package func changeSchedule(
        _ scope: Scope, _ id: UUID, _ values: ScheduleValues, ifVersion version: Int64, replanning cron: CronSchedule?
    ) async throws -> ScheduleView? {
        try await writingSchedule(scope) { transaction in
            let next = try await values.isEnabled ? cron?.next(after: now(transaction)) : nil
            let columns = ScheduleValues.columns
            let rows = try await transaction.query(
                """
                UPDATE pressroom.schedules s
                   SET \(raw: columns.assignments), last_error = NULL,
                       next_run_at = CASE WHEN \(cron != nil)::boolean THEN \(next)::timestamptz ELSE s.next_run_at END
                  FROM json_to_record(\(values.json)::json) AS r (\(raw: columns.definitions))
                 WHERE s.tenant_id = \(scope.tenantID) AND s.id = \(id) AND s.version = \(version)
                RETURNING \(raw: ScheduleView.columns)
                """)
            return try rows.first.map(ScheduleView.init)
        }
    }

    /// Removes a schedule; its tasks stay.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` does not have the row's version; `conflict` when another
    ///   session holds the row.
    package func deleteSchedule(_ scope: Scope, _ id: UUID, ifVersion: RowVersions?) async throws {
        try await writingSchedule(scope) { transaction in
            let rows = try await transaction.query(
                """
                SELECT version FROM pressroom.schedules WHERE tenant_id = \(scope.tenantID) AND id = \(id) FOR UPDATE
                """)
            guard let version: Int64 = try rows.first?.decode("version") else { throw StoreError.noSchedule(id) }
            try StoreError.require(ifVersion, ofVersion: version, "schedule")
            _ = try await transaction.query(
                "DELETE FROM pressroom.schedules WHERE tenant_id = \(scope.tenantID) AND id = \(id)")
        }
    }

    private func now(_ transaction: WriteTransaction) async throws -> Date {
        try await transaction.query("SELECT now() AS now")[0].decode("now")
    }

    /// A transaction that waits for a held row as long as a client's request may.
    private func writingSchedule<T: Sendable>(
        _ scope: Scope, _ body: @Sendable (WriteTransaction) async throws -> T
    ) async throws -> T {
        try await refusingHeldRows("the schedule") {
            try await write(scope) { transaction in
                _ = try await transaction.query(.lockTimeout(heldRowTimeout))
                return try await body(transaction)
            }
        }
    }
}

extension StoreError {
    package static func noSchedule(_ id: UUID) -> StoreError {
        StoreError(.notFound, "There is no schedule \(id.text).")
    }
}
