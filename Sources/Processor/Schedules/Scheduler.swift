import Base
import Foundation
package import Logging
import ServiceLifecycle
package import Store
import Workflow

/// Starts the tasks of schedules when their time has come. Any number of nodes may do so: one of them fires each time.
///
/// It decides from rows and by the database's clock; the node's clock is only used to sleep.
package final class Scheduler: Service {
    private let store: Store
    private let starts: ScheduledStarts
    private let configuration: SchedulerConfiguration
    private let logger: Logger

    /// How many due schedules of each tenant one look takes.
    private static let batch = 100
    /// The shortest sleep: a due schedule may be in the hands of another node.
    private static let minSleep: Duration = .milliseconds(100)

    package init(store: Store, configuration: SchedulerConfiguration, logger: Logger) {
        self.store = store
        self.configuration = configuration
        self.logger = logger
        starts = ScheduledStarts(store: store)
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            while true {
                try await Task.sleep(for: await look())
            }
        }
    }

    /// Fires what is due. Returns how long to sleep.
    private func look() async -> Duration {
        do {
            while try await fireDue() > 0, !Task.isCancelled {}
            guard let wait = try await store.timeToNextSchedule() else { return configuration.poll }
            return min(configuration.poll, max(wait, Self.minSleep))
        } catch {
            if !Task.isCancelled { logger.warning("cannot look at schedules", metadata: ["error": "\(error)"]) }
            return configuration.poll
        }
    }

    /// Handles some of the due schedules. Returns how many it has moved on.
    package func fireDue() async throws -> Int {
        var moved = 0
        for schedule in try await store.dueSchedules(limit: Self.batch) {
            if Task.isCancelled { break }
            if try await handle(schedule) != .leftAlone { moved += 1 }
        }
        return moved
    }

    private func handle(_ schedule: DueSchedule) async throws -> ScheduleSettlement {
        let scope = Scope(tenantID: schedule.tenantID, userID: schedule.createdBy, actor: "schedule:\(schedule.id.text)")
        var (due, next): (Date?, Date?)
        do {
            let row = try schedule.row.mapError(ScheduleFailure.unusable).get()
            due = row.nextRunAt
            let cron: CronSchedule
            do { cron = try row.values.cronSchedule() } catch { throw ScheduleFailure.unusable(error) }
            guard let planned = row.nextRunAt else {
                next = cron.next(after: schedule.now)
                return try await settle(scope, schedule, next == nil ? .failed(.neverAgain, nil) : .planned, next: next)
            }
            let plan = FiringPlan(
                cron, due: planned, now: schedule.now, grace: configuration.grace, misfire: row.values.misfire)
            (due, next) = (plan.fires ?? plan.missed, plan.next)
            guard let time = plan.fires else { throw ScheduleFailure.missed }
            let start = try await starts.start(scope, row, due: time)
            return try await settle(scope, schedule, .fires(start, due: time), next: next)
        } catch let failure as ScheduleFailure {
            return try await settle(scope, schedule, .failed(failure, due), next: next)
        } catch {
            if error.isConnectionTrouble || Task.isCancelled { throw error }
            if error.isPassing { return .leftAlone }
            // A broken schedule does not hold up the others, and is not tried again at once.
            logger.error("a schedule cannot fire", metadata: ["schedule": "\(schedule.id.text)", "error": "\(error)"])
            let failure = ScheduleFailure(code: "internal_error", message: "The task could not be started; the log says more.")
            return try await settle(scope, schedule, .failed(failure, due), next: next)
        }
    }

    private enum Decision {
        case planned
        case fires(TaskStart, due: Date)
        case failed(ScheduleFailure, Date?)
    }

    private func settle(
        _ scope: Scope, _ schedule: DueSchedule, _ decision: Decision, next: Date?
    ) async throws -> ScheduleSettlement {
        let outcome: ScheduleOutcome
        switch decision {
        case .planned: outcome = .planned
        case .fires(let start, let due): outcome = .fires(start, due: due)
        case .failed(let failure, let due):
            outcome = .failed(failure.json(due: due, now: schedule.now))
            logger.warning(
                "a schedule started no task", metadata: ["schedule": "\(schedule.id.text)", "code": "\(failure.code)"])
        }
        return try await store.settle(scope, schedule, outcome, next: next)
    }
}

/// The intervals of a scheduler.
package struct SchedulerConfiguration: Sendable {
    /// The longest sleep between two looks; the next planned time ends it earlier.
    package var poll: Duration = .seconds(1)
    /// How late a task may start without being a misfire.
    package var grace: Duration = .seconds(60)

    package init() {}
}

/// Makes the tasks of schedules: finds the workflow's current version and checks the input against it.
struct ScheduledStarts: Sendable {
    let store: Store

    /// The task for the time `due`.
    ///
    /// - Throws: `ScheduleFailure` when the schedule cannot start one; what the store throws.
    func start(_ scope: Scope, _ schedule: ScheduleRow, due: Date) async throws -> TaskStart {
        let values = schedule.values
        let workflow: WorkflowVersion
        let input: JSON
        do {
            let sight = try await store.sight(scope, ofScheduleFor: values.workflowName, owner: schedule.createdBy)
            workflow = try await store.startableWorkflow(
                scope.seeing(sight), values.workflowName, version: values.workflowVersion)
            input = try await workflow.checkedInput(values.input)
        } catch let refusal as StartRefusal {
            throw ScheduleFailure(refusal)
        }
        let taskID = UUIDv7.next()
        let time = Timestamp(due).text
        return TaskStart(
            taskID: taskID, workflow: workflow.definition, workflowID: workflow.id, input: input, config: values.config,
            context: values.context.forTask(taskID, traceID: Self.newTraceID()), priority: values.priority, runAt: time,
            idempotencyKey: "schedule:\(schedule.id.text):\(time)")
    }

    private static func newTraceID() -> String { UUID().text.replacing("-", with: "") }
}

/// Why a schedule started no task, as in `schedules.last_error`.
struct ScheduleFailure: Error, Equatable {
    let code: String
    let message: String
    var problems: [Problem] = []

    static func unusable(_ list: ProblemList) -> ScheduleFailure {
        ScheduleFailure(
            code: "invalid_schedule", message: "The schedule cannot be read.", problems: list.problems)
    }

    static let missed = ScheduleFailure(
        code: "missed", message: "No node was there to fire in time, or the tenant was suspended; the schedule passes missed times over.")

    static let neverAgain = ScheduleFailure(
        code: "no_next_time", message: "The expression has no time in the next fifty years.")

    /// - Parameters:
    ///   - due: the time for which no task was started.
    ///   - now: by the database's clock.
    func json(due: Date?, now: Date) -> JSON {
        var members: JSONObject = [
            "code": .string(code), "message": .string(message), "at": .string(Timestamp(now).text),
            "due_at": due.map { .string(Timestamp($0).text) } ?? .null,
        ]
        if !problems.isEmpty {
            members["errors"] = .array(
                problems.map { ["pointer": .string($0.pointer), "detail": .string($0.detail)] })
        }
        return .object(members)
    }
}

extension ScheduleFailure {
    init(_ refusal: StartRefusal) {
        code =
            switch refusal.reason {
            case .unknown: "workflow_not_found"
            case .notActive: "workflow_not_active"
            case .invalidInput: "invalid_input"
            }
        message = refusal.message
        problems = refusal.problems
    }
}
