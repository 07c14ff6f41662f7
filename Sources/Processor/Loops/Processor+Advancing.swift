import Foundation
import Logging
import Store
import Workflow

extension Processor {
    /// Looks at tasks that are new, resumed, signalled, or whose timer ran out.
    func advanceTasks() async {
        await wakeAdvance.forEach(atLeastEvery: configuration.poll) {
            do {
                for tenantID in try await self.store.tenantsWithDueWakeups() {
                    try await self.advance(.processor(self.id, tenantID: tenantID))
                }
            } catch {
                if !(error is CancellationError), !Task.isCancelled {
                    self.logger.warning("cannot look for tasks", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func advance(_ scope: Scope) async throws {
        while case let due = try await store.dueWakeups(scope, limit: configuration.commitBatch), !due.isEmpty {
            do {
                try await advance(scope, due)
            } catch {
                if error.isConnectionTrouble || Task.isCancelled { throw error }
                // One of them is in the way: each by itself, and those that cannot be looked at now, later.
                for taskID in due { await advanceAlone(scope, taskID) }
            }
            wakeClaim.wake()
        }
    }

    private func advanceAlone(_ scope: Scope, _ taskID: UUID) async {
        do {
            try await advance(scope, [taskID])
        } catch {
            if !error.isPassing {
                logger.error("a task cannot be advanced", metadata: ["task": "\(taskID.text)", "error": "\(error)"])
            }
            let delay: Duration = error.isPassing ? .milliseconds(250) : .seconds(30)
            try? await store.postponeWakeup(scope, taskID: taskID, by: delay)
        }
    }

    private func advance(_ scope: Scope, _ taskIDs: [UUID]) async throws {
        let known = try await workflows.workflows(scope, ofTasks: taskIDs)
        try await store.wakeTasks(scope, taskIDs) { graphs in
            for index in graphs.indices {
                guard let workflow = known[graphs[index].task.workflowID] else { continue }
                var engine = TaskEngine(graphs[index], workflow)
                engine.advance()
                graphs[index] = engine.graph
            }
        }
    }
}
