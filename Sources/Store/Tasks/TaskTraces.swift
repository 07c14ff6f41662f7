package import Base
package import Foundation
import Postgres
import Workflow

/// A task that has ended, as its trace shows it: when each part of it began and ended, and how.
package struct TaskTrace: Sendable {
    /// Began and ended; nil where the part never began.
    package struct Time: Sendable {
        package let start: Date
        package let end: Date
    }

    package struct Phase: Sendable {
        package let id: UUID
        package let key: String
        package let kind: String
        package let status: String
        package let iteration: Int
        package let error: JSON?
        package let time: Time
        /// Whether it had begun before the retry of the task, so that an earlier end of the task has shown it.
        package let isKnown: Bool
    }

    package struct Attempt: Sendable {
        package let phaseID: UUID
        package let stepID: UUID
        package let attempt: Int
        package let kind: String
        package let agent: String?
        package let status: String
        package let processorID: UUID?
        package let error: JSON?
        package let time: Time
    }

    package struct Call: Sendable {
        package let id: UUID
        package let stepID: UUID
        package let attempt: Int
        package let kind: String
        package let provider: String?
        package let modelAsked: String?
        package let modelAnswered: String?
        package let status: String
        package let finishReason: String?
        package let usage: JSON
        package let error: JSON?
        package let spanID: String?
        package let firstTokenAt: Date?
        package let time: Time
    }

    package struct Evaluation: Sendable {
        package let stepID: UUID
        package let stage: String
        package let score: Double?
        package let criteria: JSON?
    }

    package let taskID: UUID
    package let workflowName: String
    package let workflowVersion: String
    package let status: String
    package let context: JSON
    package let usage: JSON
    package let error: JSON?
    package let time: Time
    /// How often the task was retried after it had failed. The rest is what ended since the last retry.
    package let run: Int
    /// The step, and its attempt, that started the task; nil for one that no other started.
    package let parent: (stepID: UUID, attempt: Int)?
    package let phases: [Phase]
    package let attempts: [Attempt]
    package let calls: [Call]
    package let evaluations: [Evaluation]
}

extension Store {
    /// What the trace of a task shows that has ended; nil when there is no such task, or it has not ended or never begun.
    ///
    /// - Parameter limit: how many attempts, and how many calls, are read at most; the latest ones are.
    package func taskTrace(_ scope: Scope, _ taskID: UUID, limit: Int = 5_000) async throws -> TaskTrace? {
        let tenant = scope.tenantID
        let results = try await database.pipeline(in: tenant, [
            """
            SELECT t.workflow_name, t.workflow_version, t.status, t.context, t.usage, t.error, t.started_at,
                   coalesce(t.completed_at, t.failed_at, t.cancelled_at) AS ended_at, s.parent_step_id, s.attempt,
                   retries.count, retries.latest
              FROM pressroom.tasks t
              LEFT JOIN pressroom.subtasks s ON s.tenant_id = t.tenant_id AND s.task_id = t.task_id
             CROSS JOIN (SELECT count(*), max(h.at) AS latest FROM pressroom.task_history(\(tenant), \(taskID)) h
                          WHERE h.entity = 'task' AND h."from" = 'failed' AND h."to" = 'running') retries
             WHERE t.tenant_id = \(tenant) AND t.task_id = \(taskID)
            """,
            """
            SELECT id, key, kind, status, iteration, error, started_at, completed_at FROM pressroom.phases
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND started_at IS NOT NULL AND completed_at IS NOT NULL
             ORDER BY ordinal
            """,
            """
            SELECT a.phase_id, a.step_id, a.attempt, s.kind, s.agent, a.status, a.processor_id, a.error, a.started_at, a.ended_at
              FROM pressroom.attempts a
              JOIN pressroom.steps s ON s.tenant_id = a.tenant_id AND s.task_id = a.task_id AND s.id = a.step_id
             WHERE a.tenant_id = \(tenant) AND a.task_id = \(taskID) ORDER BY a.ended_at DESC, a.id DESC LIMIT \(limit)
            """,
            """
            SELECT id, step_id, attempt, kind, provider, model_asked, model_answered, status, finish_reason, usage, error, span_id,
                   sent_at, first_token_at, ended_at
              FROM pressroom.calls WHERE tenant_id = \(tenant) AND task_id = \(taskID) ORDER BY ended_at DESC, id DESC LIMIT \(limit)
            """,
            """
            SELECT step_id, stage, score, criteria_scores FROM pressroom.evaluations
             WHERE tenant_id = \(tenant) AND task_id = \(taskID) AND status = 'completed' ORDER BY id LIMIT \(limit)
            """,
        ])
        guard let task = results[0].first else { return nil }
        let status: TaskStatus = try task.status("status")
        let (started, ended): (Date?, Date?) = (try task.decode("started_at"), try task.decode("ended_at"))
        guard status.isTerminal, let started, let ended else { return nil }
        let retriedAt: Date? = try task.decode("latest")
        func isNew(_ time: TaskTrace.Time) -> Bool { retriedAt.map { time.end > $0 } ?? true }
        let attempts = try results[2].map(TaskTrace.Attempt.init).filter { isNew($0.time) }
        let runs = Set(attempts.map { "\($0.stepID) \($0.attempt)" })
        let parentStep: UUID? = try task.decode("parent_step_id")
        let parentAttempt: Int? = try task.decode("attempt")
        return TaskTrace(
            taskID: taskID, workflowName: try task.decode("workflow_name"), workflowVersion: try task.decode("workflow_version"),
            status: status.rawValue, context: try task.json("context") ?? [:], usage: try task.json("usage") ?? [:],
            error: try task.json("error"), time: TaskTrace.Time(start: retriedAt ?? started, end: max(ended, retriedAt ?? started)),
            run: try task.decode("count"), parent: parentStep.map { ($0, parentAttempt ?? 1) },
            phases: try results[1].map { try TaskTrace.Phase($0, retriedAt) }.filter { isNew($0.time) }, attempts: attempts,
            calls: try results[3].map(TaskTrace.Call.init).filter { runs.contains("\($0.stepID) \($0.attempt)") },
            evaluations: try results[4].map(TaskTrace.Evaluation.init))
    }
}

extension TaskTrace.Time {
    fileprivate init(_ row: PostgresRow, _ start: String, _ end: String) throws {
        let last: Date = try row.decode(end)
        // A run that never began, of a step that was ended by hand, counts as a moment.
        let first: Date? = try row.decode(start)
        self.init(start: min(first ?? last, last), end: last)
    }
}

extension TaskTrace.Phase {
    fileprivate init(_ row: PostgresRow, _ retriedAt: Date?) throws {
        id = try row.decode("id")
        key = try row.decode("key")
        kind = try row.decode("kind")
        status = try row.decode("status")
        iteration = try row.decode("iteration")
        error = try row.json("error")
        time = try TaskTrace.Time(row, "started_at", "completed_at")
        isKnown = retriedAt.map { [time] retriedAt in time.start <= retriedAt } ?? false
    }
}

extension TaskTrace.Attempt {
    fileprivate init(_ row: PostgresRow) throws {
        phaseID = try row.decode("phase_id")
        stepID = try row.decode("step_id")
        attempt = try row.decode("attempt")
        kind = try row.decode("kind")
        agent = try row.decode("agent")
        status = try row.decode("status")
        processorID = try row.decode("processor_id")
        error = try row.json("error")
        time = try TaskTrace.Time(row, "started_at", "ended_at")
    }
}

extension TaskTrace.Call {
    fileprivate init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        stepID = try row.decode("step_id")
        attempt = try row.decode("attempt")
        kind = try row.decode("kind")
        provider = try row.decode("provider")
        modelAsked = try row.decode("model_asked")
        modelAnswered = try row.decode("model_answered")
        status = try row.decode("status")
        finishReason = try row.decode("finish_reason")
        usage = try row.json("usage") ?? [:]
        error = try row.json("error")
        spanID = try row.decode("span_id")
        firstTokenAt = try row.decode("first_token_at")
        time = try TaskTrace.Time(row, "sent_at", "ended_at")
    }
}

extension TaskTrace.Evaluation {
    fileprivate init(_ row: PostgresRow) throws {
        stepID = try row.decode("step_id")
        stage = try row.decode("stage")
        score = try row.decode("score")
        criteria = try row.json("criteria_scores")
    }
}
