import Base
package import Foundation
import Postgres
import Workflow

/// Ends tasks by their statuses alone. No document is read, so this works on tasks whose rows cannot be read, and no document
/// is written but the reason.
extension Store {
    /// Cancels a task with all that is open of it, in a transaction that `write` has opened.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` is not the row's version; `conflict` with the current
    ///   status of a task that is over, or where another session holds a row of the task.
    func cancelTask(on transaction: WriteTransaction, _ scope: Scope, _ taskID: UUID, ifVersion: RowVersions?) async throws {
        try await refusingHeldRows {
            guard let task = try await lockTask(on: transaction, scope.tenantID, taskID, lockTimeout: heldRowTimeout) else {
                throw StoreError.noTask(taskID)
            }
            try StoreError.require(ifVersion, ofVersion: task.version, "task")
            guard !task.status.isTerminal else {
                throw StoreError(.conflict, "A task that is \(task.status) cannot cancel.", status: task.status.rawValue)
            }
        }
        _ = try await transaction.pipeline(TaskEnd.cancelled.queries(scope.tenantID, taskID))
        transaction.announce(EndedWork(taskID: taskID, status: .cancelled))
    }

    /// Fails a task that cannot be moved on, with all that is open of it. A retry of the task begins there again, once the
    /// cause is mended. A task that is over or paused only loses its wake-up.
    ///
    /// - Parameter message: the cause, for people.
    /// - Returns: whether the task has failed now.
    package func failTask(_ scope: Scope, _ taskID: UUID, _ message: String) async throws -> Bool {
        try await write(scope) { transaction in
            transaction.announce(.dueOrEnded)
            guard let task = try await lockTask(on: transaction, scope.tenantID, taskID, lockTimeout: heldRowTimeout),
                !task.status.isTerminal, task.status != .paused
            else {
                _ = try await transaction.query(TaskEnd.forgetWakeup(scope.tenantID, taskID))
                return false
            }
            _ = try await transaction.pipeline(TaskEnd.failed(message).queries(scope.tenantID, taskID))
            transaction.announce(EndedWork(taskID: taskID, status: .failed))
            return true
        }
    }

    /// Locks the rows of a task, in the order in which every transaction does. Nil when there is no such task.
    private func lockTask(
        on transaction: WriteTransaction, _ tenant: String, _ taskID: UUID, lockTimeout: Duration
    ) async throws -> (status: TaskStatus, version: Int64)? {
        func lock(_ table: String) -> PostgresQuery {
            """
            SELECT FROM pressroom.\(raw: table) WHERE tenant_id = \(tenant) AND task_id = \(taskID)
             ORDER BY id FOR NO KEY UPDATE
            """
        }
        let results = try await transaction.pipeline([
            .lockTimeout(lockTimeout),
            """
            SELECT status, version FROM pressroom.tasks
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) FOR NO KEY UPDATE
            """,
            lock("phases"), lock("steps"), lock("outputs"), lock("evaluations"), lock("human_tasks"),
            .lockTimeout(.zero),
        ])
        return try results[1].first.map { (try $0.status("status"), try $0.decode("version")) }
    }
}

/// How a task ends whose rows are not read.
private enum TaskEnd {
    case cancelled
    /// With the cause, for people.
    case failed(String)

    /// The task's own row comes last, so that its event is the last of its transaction.
    func queries(_ tenant: String, _ taskID: UUID) -> [PostgresQuery] {
        let reason: JSON
        let (stepStatus, begunPhase, otherPhase): (StepStatus, PhaseStatus, PhaseStatus)
        switch self {
        case .cancelled:
            reason = ["code": "cancelled", "message": "The task was cancelled."]
            (stepStatus, begunPhase, otherPhase) = (.cancelled, .cancelled, .cancelled)
        case .failed(let message):
            reason = ["code": "internal_error", "message": .string(message.replacingNULs(with: "\u{FFFD}"))]
            (stepStatus, begunPhase, otherPhase) = (.failed, .failed, .skipped)
        }
        let isFailed = stepStatus == .failed
        let skipped: JSON = ["code": "upstream_failed", "message": "The task failed before."]
        func open<Status: TransitioningStatus>(_ isOver: KeyPath<Status, Bool>) -> [String] {
            Status.allCases.filter { !$0[keyPath: isOver] }.map(\.rawValue)
        }
        return [
            AttemptRow.endAll(of: taskID, tenant, as: isFailed ? .failed : .cancelled, error: isFailed ? reason : nil),
            """
            UPDATE pressroom.outputs SET status = 'failed', error = \(reason)::json
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND status = ANY(\(open(\OutputStatus.isSettled))::text[])
            """,
            """
            UPDATE pressroom.evaluations SET status = 'failed', error = \(reason)::json
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND status = ANY(\(open(\EvaluationStatus.isTerminal))::text[])
            """,
            """
            UPDATE pressroom.steps
               SET status = \(stepStatus.rawValue), error = CASE WHEN \(isFailed) THEN \(reason)::json ELSE error END
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND status = ANY(\(open(\StepStatus.isTerminal))::text[])
            """,
            """
            UPDATE pressroom.human_tasks SET status = 'cancelled'
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND status = ANY(\(open(\HumanTaskStatus.isTerminal))::text[])
            """,
            "DELETE FROM pressroom.live_texts WHERE tenant_id = \(tenant) AND task_id = \(taskID)",
            Self.forgetWakeup(tenant, taskID),
            // The end of a task that is cancelled asks for this by a trigger.
            """
            INSERT INTO pressroom.wake_requests (tenant_id, task_id, action)
            SELECT s.tenant_id, s.task_id, 'cancel' FROM pressroom.subtasks s
             WHERE \(isFailed) AND s.tenant_id = \(tenant) AND s.parent_task_id = \(taskID) ORDER BY s.task_id
            """,
            """
            UPDATE pressroom.phases
               SET status = CASE status WHEN 'pending' THEN \(otherPhase.rawValue)::text ELSE \(begunPhase.rawValue)::text END,
                   error = CASE WHEN NOT \(isFailed) THEN error
                                WHEN status = 'pending' THEN \(skipped)::json ELSE \(reason)::json END
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND status = ANY(\(open(\PhaseStatus.isTerminal))::text[])
            """,
            """
            UPDATE pressroom.tasks
               SET status = CASE WHEN \(isFailed) THEN 'failed' ELSE 'cancelled' END,
                   error = CASE WHEN \(isFailed) THEN (\(reason)::jsonb || jsonb_build_object('phase', phase))::json ELSE error END
             WHERE tenant_id = \(tenant) AND task_id = \(taskID)
            """,
        ]
    }

    static func forgetWakeup(_ tenant: String, _ taskID: UUID) -> PostgresQuery {
        "DELETE FROM pressroom.wakeups WHERE tenant_id = \(tenant) AND task_id = \(taskID)"
    }
}
