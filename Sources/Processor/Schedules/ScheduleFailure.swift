import Foundation
import Workflow

/// Why a schedule started no task, as `schedules.last_error` has it.
struct ScheduleFailure: Error, Equatable {
    let code: String
    let message: String
    var problems: [Problem] = []

    static func unusable(_ list: ProblemList) -> ScheduleFailure {
        ScheduleFailure(
            code: "invalid_schedule", message: "The schedule cannot be read.", problems: list.problems)
    }

    static func noWorkflow(_ name: String, version: String?) -> ScheduleFailure {
        ScheduleFailure(
            code: "workflow_not_found",
            message: version.map { "There is no version \($0) of a workflow \(name)." }
                ?? "There is no active version of a workflow \(name).")
    }

    static func inactive(_ name: String, version: String, status: String) -> ScheduleFailure {
        ScheduleFailure(code: "workflow_not_active", message: "Version \(version) of the workflow \(name) is \(status).")
    }

    static func input(_ problems: [Problem]) -> ScheduleFailure {
        ScheduleFailure(
            code: "invalid_input", message: "The input does not fit the workflow.", problems: problems)
    }

    static let missed = ScheduleFailure(
        code: "missed", message: "No node was there to fire in time; the schedule passes missed times over.")

    static let neverAgain = ScheduleFailure(
        code: "no_next_time", message: "The expression has no time in the next fifty years.")

    /// - Parameters:
    ///   - due: the time that no task was started for.
    ///   - now: by the database's clock.
    func json(due: Date?, now: Date) -> JSON {
        var members: [String: JSON] = [
            "code": .string(code), "message": .string(message), "at": .string(Timestamp.text(of: now)),
            "due_at": due.map { .string(Timestamp.text(of: $0)) } ?? .null,
        ]
        if !problems.isEmpty {
            members["errors"] = .array(
                problems.map { ["pointer": .string($0.pointer), "detail": .string($0.detail)] })
        }
        return .object(members)
    }
}
