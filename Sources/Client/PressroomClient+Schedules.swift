import Base
public import Foundation
import Workflow

extension PressroomClient {
    /// Adds a schedule. `values` is a JSON object with the keys of `docs/schedules.md`; `workflow` and `cron` are required.
    ///
    /// - Throws: `PressroomError` with `problems` (422) when the expression, the zone or the input does not fit.
    public func createSchedule(_ values: Data, idempotencyKey: String? = nil) async throws -> ScheduleRecord {
        let response = try await call(
            .post, Path("schedules"), content: .json(try Self.parse(values, "values")),
            headers: Self.idempotency(idempotencyKey))
        return ScheduleRecord(document: try response.document())
    }

    /// The schedules, the newest first; `isEnabled` nil for both kinds.
    public func schedules(
        workflow: String? = nil, isEnabled: Bool? = nil, limit: Int? = nil, after: String? = nil
    ) async throws -> Page<ScheduleRecord> {
        let path = Path("schedules").with("workflow", workflow).with("enabled", isEnabled.map { $0 ? "true" : "false" })
            .with("limit", limit.map(String.init)).with("after", after)
        return try await call(.get, path).page(of: ScheduleRecord.init(document:))
    }

    public func schedule(_ id: String) async throws -> ScheduleRecord {
        ScheduleRecord(document: try await call(.get, Path("schedules", id)).document())
    }

    /// Replaces what `values`, a JSON object, has; the rest stays.
    @discardableResult
    public func changeSchedule(_ id: String, _ values: Data, ifVersion: Int? = nil) async throws -> ScheduleRecord {
        let response = try await call(
            .patch, Path("schedules", id), content: .json(try Self.parse(values, "values")),
            headers: Self.ifMatch(ifVersion))
        return ScheduleRecord(document: try response.document())
    }

    /// Lets it fire from now on, or no more. Times that passed while it was off are not made up for.
    @discardableResult
    public func enableSchedule(_ id: String, _ isEnabled: Bool, ifVersion: Int? = nil) async throws -> ScheduleRecord {
        try await changeSchedule(id, Data("{\"enabled\": \(isEnabled)}".utf8), ifVersion: ifVersion)
    }

    /// Removes the schedule; its tasks stay.
    public func deleteSchedule(_ id: String, ifVersion: Int? = nil) async throws {
        _ = try await call(.delete, Path("schedules", id), headers: Self.ifMatch(ifVersion))
    }
}

/// A row of `schedules`: when tasks of a workflow start.
public struct ScheduleRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    public var id: String { document.text("id") }
    public var workflowName: String { document.text("workflow_name") }
    /// Nil for the latest active one at each firing.
    public var workflowVersion: String? { document.optionalText("workflow_version") }
    public var cron: String { document.text("cron") }
    /// A name of the IANA database.
    public var timezone: String { document.text("timezone") }
    /// `run_once` or `skip`.
    public var misfire: String { document.text("misfire") }
    public var isEnabled: Bool { document.flag("enabled") ?? false }
    /// ISO 8601; nil while it is off, or not yet planned.
    public var nextRunAt: String? { document.optionalText("next_run_at") }
    public var lastRunAt: String? { document.optionalText("last_run_at") }
    public var lastTaskID: String? { document.optionalText("last_task_id") }
    /// Why its last time started no task; nil when it did.
    public var lastErrorMessage: String? { document.errorMessage("last_error") }
    /// For `If-Match`: grows with each change and each firing.
    public var version: Int { document.integer("version") ?? 0 }
}
