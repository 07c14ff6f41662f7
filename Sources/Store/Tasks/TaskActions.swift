import Base
package import Foundation
import Postgres
import Workflow

/// What a client may do to a task.
package enum TaskAction: String, Sendable, CaseIterable {
    case pause, resume, cancel, retry
}

extension Store {
    /// Pauses, resumes, cancels or retries a task with all that belongs to it.
    ///
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` does not have the row's version; `conflict` with the current
    ///   status where that does not allow the action, or where another session holds a row of the task.
    package func transitionTask(
        _ scope: Scope, _ taskID: UUID, _ action: TaskAction, ifVersion: RowVersions?
    ) async throws -> TaskView {
        try await write(scope) { transaction in
            if action == .cancel {
                try await cancelTask(on: transaction, scope, taskID, ifVersion: ifVersion)
            } else {
                try await changeTask(on: transaction, scope, taskID, action, ifVersion: ifVersion)
            }
            transaction.announce(.dueOrEnded)
            guard let view = try await task(scope, taskID, transaction.query) else { throw StoreError.noTask(taskID) }
            return view
        }
    }

    private func changeTask(
        on transaction: WriteTransaction, _ scope: Scope, _ taskID: UUID, _ action: TaskAction, ifVersion: RowVersions?
    ) async throws {
        let workflow = action == .retry ? try await workflow(transaction, scope, ofTask: taskID) : nil
        _ = try await refusingHeldRows {
            try await changeTaskGraphs(transaction, scope, [taskID], lockTimeout: heldRowTimeout) { graphs in
                guard !graphs.isEmpty else { throw StoreError.noTask(taskID) }
                let task = graphs[0].task
                try StoreError.require(ifVersion, ofVersion: task.version, "task")
                guard graphs[0].allows(action) else {
                    throw StoreError(
                        .conflict, "A task that is \(task.status) cannot \(action.rawValue).", status: task.status.rawValue)
                }
                graphs[0].perform(action, workflow)
            }
        }
    }

    private func workflow(
        _ transaction: WriteTransaction, _ scope: Scope, ofTask taskID: UUID
    ) async throws -> WorkflowDefinition? {
        let rows = try await transaction.query(
            """
            SELECT w.definition FROM pressroom.tasks t
              JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        return try rows.first?.json("definition").map { try WorkflowDefinition(json: $0) }
    }
}

extension TaskGraph {
    /// Whether the task's status allows the action.
    func allows(_ action: TaskAction) -> Bool {
        switch action {
        case .pause: [.pending, .running, .waiting].contains(task.status)
        case .resume: task.status == .paused
        case .cancel: [.pending, .running, .waiting, .paused].contains(task.status)
        case .retry: task.status == .failed
        }
    }

    /// - Parameter workflow: the task's; only a retry asks for it.
    mutating func perform(_ action: TaskAction, _ workflow: WorkflowDefinition?) {
        switch action {
        case .pause: pause()
        case .resume: resume()
        case .cancel: break  // by `cancelTask`, without a graph
        case .retry: retry(workflow)
        }
    }

    private mutating func pause() {
        for step in steps where step.status == .running { handBack(step.id) }
        withdrawHumanTasks()
        task.status = .paused
    }

    private mutating func resume() {
        // A task that never ran goes back to the queue of new ones.
        task.status = phases.allSatisfy { $0.status == .pending } ? .pending : .running
        wakeAfter = .zero
    }

    /// Withdraws the open human tasks; their steps ask again when the task goes on.
    private mutating func withdrawHumanTasks() {
        for index in humanTasks.indices where !humanTasks[index].status.isTerminal {
            humanTasks[index].status = .cancelled
            updateStep(humanTasks[index].stepID) { row in
                guard row.status == .waiting else { return }
                row.status = .pending
                row.runAt = .never
            }
        }
    }

    /// Failed phases run again from their failed steps; phases that were skipped because of them wait again. A failure
    /// that the workflow lets pass stays: what comes after it has gone on without it.
    private mutating func retry(_ workflow: WorkflowDefinition?) {
        for phase in phases where phase.status == .failed {
            let definition = workflow?.phase(phase.key)
            if definition?.onFailure == .continue { continue }
            // The others wait, as those of a new list do, until one of these has ended.
            var capacity = definition?.concurrency ?? .max
            for step in currentSteps(of: phase) where step.status == .failed {
                reopen(step, attempts: definition?.retry.maxAttempts ?? step.maxAttempts, isParked: capacity <= 0)
                capacity -= 1
            }
            let hasBegun = !steps(of: phase.id).isEmpty
            updatePhase(phase.id) { row in
                row.status = hasBegun ? .running : .pending
                row.error = nil
                guard !hasBegun else { return }
                // It is decided anew whether and over what it runs.
                row.iteration = 0
                row.input = nil
                row.output = nil
            }
        }
        for phase in phases where phase.status == .skipped && phase.error?["code"] == "upstream_failed" {
            updatePhase(phase.id) { row in
                row.status = .pending
                row.error = nil
            }
        }
        task.status = .running
        task.error = nil
        wakeAfter = .zero
    }

    private mutating func reopen(_ step: StepRow, attempts: Int, isParked: Bool) {
        updateStep(step.id) { row in
            row.maxAttempts = row.attempt + attempts
            row.status = .pending
            row.error = nil
            // No processor runs a wait: its phase takes it up again.
            row.runAt = isParked || step.kind.isWait ? .never : .after(.zero)
        }
        updateEvaluations(of: step.id) { row in
            guard row.status == .failed else { return }
            row.status = .pending
            row.error = nil
        }
        guard let outputID = step.outputID else { return }
        updateOutput(outputID) { row in
            guard row.status == .failed, let waiting = step.kind.waitingOutputStatus else { return }
            row.status = waiting
            row.error = nil
        }
    }
}
