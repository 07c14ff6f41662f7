import Base
package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `tasks`, and may change (the variables).
package struct TaskRow: Sendable, Equatable {
    package let taskID: UUID
    package let workflowID: UUID
    package let context: JSON
    package let input: JSON
    package let config: JSON
    package let priority: Int
    package let version: Int64
    /// How long until the task may start, by the database's clock; nil or not above zero: it may.
    package let startsIn: Duration?
    /// When the row was locked, by the database's clock; nil when it was read without a lock.
    package internal(set) var lockedAt: Date?
    package var status: TaskStatus
    package var phase: String?
    package var accumulatedContext: JSON
    package var result: JSON?
    package var progress: Double
    package var error: JSON?
    /// What its calls have taken so far.
    package var usage: JSON
}

extension TaskRow {
    init(_ row: PostgresRow) throws {
        taskID = try row.decode("task_id")
        workflowID = try row.decode("workflow_id")
        context = try row.json("context") ?? [:]
        input = try row.json("input") ?? [:]
        config = try row.json("config") ?? [:]
        priority = try row.decode("priority")
        version = try row.decode("version")
        startsIn = try row.decode("starts_in", as: Double?.self).map { .seconds($0) }
        lockedAt = try row.decode("locked_at", as: Double?.self).map { Date(timeIntervalSince1970: $0) }
        status = try row.status("status")
        phase = try row.decode("phase")
        accumulatedContext = try row.json("accumulated_context") ?? [:]
        result = try row.json("result")
        progress = try row.decode("progress")
        error = try row.json("error")
        usage = try row.json("usage") ?? [:]
    }

    func write(to row: inout RecordSet) {
        row.set("task_id", taskID)
        row.set("status", .string(status.rawValue))
        row.set("phase", phase.map(JSON.string))
        row.set("accumulated_context", accumulatedContext)
        row.set("result", result)
        row.set("progress", .number(progress))
        row.set("error", error)
        row.set("usage", usage)
    }
}
