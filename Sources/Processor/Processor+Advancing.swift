import Foundation
import Logging
import Store
import Synchronization
import Workflow

extension Processor {
    /// Looks at tasks that are new, resumed, signalled, or whose timer ran out.
    func advanceTasks() async {
        await wakeAdvance.forEach(atLeastEvery: configuration.poll) {
            do {
                while try await self.advanceOnce(), !Task.isCancelled {}
            } catch {
                if !(error is CancellationError), !Task.isCancelled {
                    self.logger.warning("cannot look for tasks", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Looks at some tasks of each tenant in turn, so that one with many does not hold up the others. Answers whether
    /// there are more.
    private func advanceOnce() async throws -> Bool {
        var hasMore = false
        for tenantID in try await store.tenantsWithDueWakeups() {
            if try await advance(.processor(id, tenantID: tenantID)) { hasMore = true }
        }
        return hasMore
    }

    private func advance(_ scope: Scope) async throws -> Bool {
        let due = try await store.dueWakeups(scope, limit: configuration.commitBatch)
        guard !due.isEmpty else { return false }
        do {
            if try await advance(scope, due) < due.count {
                lookAgainSoon()
                return false
            }
        } catch {
            if error.isConnectionTrouble || Task.isCancelled { throw error }
            // One of them is in the way: each by itself, and those that cannot be looked at now, later.
            for taskID in due { await advanceAlone(scope, taskID) }
        }
        wakeClaim.wake()
        return due.count == configuration.commitBatch
    }

    /// Somebody else is at work on a task that is due, most often for some milliseconds.
    private func lookAgainSoon() {
        wakeClaim.wake()
        Task { [wakeAdvance] in
            try? await Task.sleep(for: .milliseconds(50))
            wakeAdvance.wake()
        }
    }

    private func advanceAlone(_ scope: Scope, _ taskID: UUID) async {
        do {
            _ = try await advance(scope, [taskID])
        } catch {
            if !error.isPassing {
                logger.error("a task cannot be advanced", metadata: ["task": "\(taskID.text)", "error": "\(error)"])
            }
            let delay: Duration = error.isPassing ? .milliseconds(250) : .seconds(30)
            try? await store.postponeWakeup(scope, taskID: taskID, by: delay)
        }
    }

    /// Answers how many of the tasks were looked at.
    private func advance(_ scope: Scope, _ taskIDs: [UUID]) async throws -> Int {
        let known = try await workflows.workflows(scope, ofTasks: taskIDs)
        var woken = 0
        _ = try await commits.claiming(scope, known, atMost: taskIDs.count) { places in
            // The body is called again with the answers to what the engines ask: the claims add up.
            let claims = Mutex(places)
            let outcome = try await store.wakeTasks(scope, taskIDs) { graphs in
                for index in graphs.indices {
                    guard let workflow = known[graphs[index].task.workflowID] else { continue }
                    var engine = TaskEngine(graphs[index], workflow)
                    engine.advance()
                    claims.withLock { $0.add(from: &engine) }
                    graphs[index] = engine.graph
                }
            }
            woken = outcome.woken
            return (claims.withLock { $0 }, outcome.commit?.known ?? [])
        }
        return woken
    }
}

extension Processor {
    /// Wakes the tasks that other transactions asked to have looked at (an answer of a person, the end of a sub-task).
    func relayWakeRequests() async {
        wakeRelay.wake()
        await wakeRelay.forEach(atLeastEvery: configuration.poll) {
            do {
                if try await self.store.relayWakeRequests({ .processor(self.id, tenantID: $0) }) > 0 { self.wakeAdvance.wake() }
            } catch {
                if !Task.isCancelled { self.logger.warning("cannot relay wake-ups", metadata: ["error": "\(error)"]) }
            }
            // Every commit may have left a request, and most leave none: under load one look serves many.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
