package import Foundation
package import Postgres
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
    /// - Throws: `ProblemList` for what nobody but `psql` can have written.
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
        let rows = try await database.query(
            """
            SELECT pressroom.schedule_json(s) AS item, s.id AS key FROM pressroom.schedules s
             WHERE s.tenant_id = \(scope.tenantID) AND s.id < \(page.idBelow())
               AND (\(filter.workflow)::text IS NULL OR s.workflow_name = \(filter.workflow))
               AND (\(filter.isEnabled)::boolean IS NULL OR s.enabled = \(filter.isEnabled)::boolean)
             ORDER BY s.id DESC LIMIT \(page.limit + 1)
            """)
        return ListPage(rows, limit: page.limit)
    }

    /// One schedule; nil when the scope has no such row.
    package func schedule(_ scope: Scope, _ id: UUID) async throws -> ScheduleView? {
        let rows = try await database.query(
            """
            SELECT pressroom.schedule_json(s) AS json, s.id, s.version FROM pressroom.schedules s
             WHERE s.tenant_id = \(scope.tenantID) AND s.id = \(id)
            """)
        return try rows.first.map(ScheduleView.init)
    }

    /// The same to work with.
    package func scheduleRow(_ scope: Scope, _ id: UUID) async throws -> ScheduleRow? {
        let rows = try await database.query(
            """
            SELECT tenant_id, id, workflow_name, workflow_version, cron, timezone, misfire, input, config, context, priority,
                   enabled, CASE WHEN isfinite(next_run_at) THEN next_run_at END AS next_run_at, created_by, version
              FROM pressroom.schedules WHERE tenant_id = \(scope.tenantID) AND id = \(id)
            """)
        return try rows.first.map(ScheduleRow.init)
    }

    /// Adds a schedule in a transaction that `write` has opened. Its next time is worked out by the database's clock.
    package func createSchedule(
        on connection: PostgresConnection, _ scope: Scope, _ values: ScheduleValues, _ cron: CronSchedule
    ) async throws -> ScheduleView {
        let next = try await values.isEnabled ? cron.next(after: now(connection)) : nil
        let rows = try await connection.query(
            """
            INSERT INTO pressroom.schedules AS s (tenant_id, id, workflow_name, workflow_version, cron, timezone, misfire,
                   input, config, context, priority, enabled, next_run_at, created_by)
            VALUES (\(scope.tenantID), \(UUIDv7.next()), \(values.workflowName), \(values.workflowVersion), \(values.cron),
                    \(values.timezone), \(values.misfire.rawValue), \(values.input)::jsonb, \(values.config)::jsonb,
                    \(values.context.json)::jsonb, \(values.priority), \(values.isEnabled), \(next)::timestamptz,
                    \(scope.userID))
            RETURNING pressroom.schedule_json(s) AS json, s.id, s.version
            """)
        return try ScheduleView(rows[0])
    }

    /// Gives a schedule new values and forgets its last error; nil when it is no longer at `version`, for instance because it has just fired.
    ///
    /// - Parameter cron: plans the next time anew, from now on; nil leaves it as it is.
    /// - Throws: `StoreError` `conflict` when another session holds the row.
    package func changeSchedule(
        _ scope: Scope, _ id: UUID, _ values: ScheduleValues, ifVersion version: Int64, replanning cron: CronSchedule?
    ) async throws -> ScheduleView? {
        try await refusingHeldSchedule {
            try await write(scope) { connection in
                try await limitLockWait(connection)
                let next = try await values.isEnabled ? cron?.next(after: now(connection)) : nil
                let rows = try await connection.query(
                    """
                    UPDATE pressroom.schedules s
                       SET workflow_name = \(values.workflowName), workflow_version = \(values.workflowVersion),
                           cron = \(values.cron), timezone = \(values.timezone), misfire = \(values.misfire.rawValue),
                           input = \(values.input)::jsonb, config = \(values.config)::jsonb,
                           context = \(values.context.json)::jsonb, priority = \(values.priority),
                           enabled = \(values.isEnabled),
                           next_run_at = CASE WHEN \(cron != nil)::boolean THEN \(next)::timestamptz ELSE s.next_run_at END,
                           last_error = NULL
                     WHERE s.tenant_id = \(scope.tenantID) AND s.id = \(id) AND s.version = \(version)
                    RETURNING pressroom.schedule_json(s) AS json, s.id, s.version
                    """)
                return try rows.first.map(ScheduleView.init)
            }
        }
    }

    /// Removes a schedule; its tasks stay.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` is not the row's version; `conflict` when another
    ///   session holds the row.
    package func deleteSchedule(_ scope: Scope, _ id: UUID, ifVersion: Int64?) async throws {
        try await refusingHeldSchedule {
            try await write(scope) { connection in
                try await limitLockWait(connection)
                let rows = try await connection.query(
                    """
                    SELECT version FROM pressroom.schedules WHERE tenant_id = \(scope.tenantID) AND id = \(id) FOR UPDATE
                    """)
                guard let version: Int64 = try rows.first?.decode("version") else { throw StoreError.noSchedule(id) }
                if let ifVersion, ifVersion != version {
                    throw StoreError(.stale, "The schedule is at version \(version), not \(ifVersion).")
                }
                _ = try await connection.query(
                    "DELETE FROM pressroom.schedules WHERE tenant_id = \(scope.tenantID) AND id = \(id)")
            }
        }
    }

    private func now(_ connection: PostgresConnection) async throws -> Date {
        try await connection.query("SELECT now() AS now")[0].decode("now")
    }

    private func limitLockWait(_ connection: PostgresConnection) async throws {
        let milliseconds = String(Int64(heldRowTimeout / .milliseconds(1)))
        _ = try await connection.query("SELECT set_config('lock_timeout', \(milliseconds), true)")
    }

    private func refusingHeldSchedule<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as PostgresError where error.sqlState == PostgresError.SQLState.lockNotAvailable {
            throw StoreError(.conflict, "Another session holds the schedule. Try again.")
        }
    }
}

extension StoreError {
    package static func noSchedule(_ id: UUID) -> StoreError {
        StoreError(.notFound, "There is no schedule \(id.text).")
    }
}
