package import Foundation
import Postgres
import Workflow

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
