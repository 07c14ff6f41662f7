package import Foundation
import Postgres
package import Workflow

/// A schedule whose time has come, or whose next time is to be worked out.
package struct DueSchedule: Sendable {
    package let tenantID: String
    package let id: UUID
    package let version: Int64
    package let createdBy: String
    /// By the database's clock, when the row was read.
    package let now: Date
    /// What the row says; a failure is of somebody's who wrote it past the service.
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
        }
    }
}
