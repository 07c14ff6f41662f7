import Base
import Foundation
import Logging
import Store
import Synchronization
import Workflow

extension Processor {
    /// Looks at tasks that are new, resumed, signalled, or whose timer ran out.
    func advanceTasks() async {
        await signals.advance.forEach(atLeastEvery: configuration.poll) {
            await self.round("cannot look for tasks") {
                while try await self.advanceOnce(), !Task.isCancelled {}
            }
        }
    }

    /// Looks at some tasks of each tenant in turn, so that one with many does not hold up the others. Returns whether
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
            // One task is in the way. Each is advanced by itself, and those that cannot be now, later.
            for taskID in due { await advanceAlone(scope, taskID) }
        }
        signals.claim.wake()
        return due.count == configuration.commitBatch
    }

    /// Another session works on a task that is due, most often for some milliseconds.
    private func lookAgainSoon() {
        signals.claim.wake()
        Task { [signals] in
            try? await Task.sleep(for: .milliseconds(50))
            signals.advance.wake()
        }
    }

    private func advanceAlone(_ scope: Scope, _ taskID: UUID) async {
        do {
            _ = try await advance(scope, [taskID])
            stuck.succeeded(TenantKey(scope.tenantID, taskID))
        } catch {
            var delay: Duration = error.isPassing ? .milliseconds(250) : .seconds(30)
            if !error.isPassing {
                logger.error("a task cannot be advanced", metadata: ["task": "\(taskID.text)", "error": "\(error)"])
            }
            if error.isOfTheTask {
                if let next = stuck.failed(TenantKey(scope.tenantID, taskID)) {
                    delay = next
                } else if await store.giveUp(scope, taskID, error, logger) {
                    return
                }
            }
            try? await store.postponeWakeup(scope, taskID: taskID, by: delay)
        }
    }

    /// Returns how many of the tasks were looked at.
    private func advance(_ scope: Scope, _ taskIDs: [UUID]) async throws -> Int {
        let commits = commits
        let known = try await store.workflowVersions(scope, ofTasks: taskIDs)
        var woken = 0
        _ = try await commits.claiming(scope, known, max: taskIDs.count * DirectClaims.perTask) { reserved in
            // The body runs again with the values of the expressions that the engines need: the claims add up.
            let claims = Mutex(reserved)
            let outcome = try await store.wakeTasks(scope, taskIDs) { graphs in
                claims.withLock { commits.move(&graphs, known, &$0) }
            }
            woken = outcome.woken
            return (claims.withLock { $0 }, outcome.commit?.known ?? [])
        }
        return woken
    }

    /// Wakes the tasks for which other transactions requested it (a person's response, the end of a sub-task).
    func relayWakeRequests() async {
        signals.relay.wake()
        await signals.relay.forEach(atLeastEvery: configuration.poll) {
            await self.round("cannot relay wake-ups") {
                if try await self.store.relayWakeRequests({ .processor(self.id, tenantID: $0) }) > 0 { self.signals.advance.wake() }
            }
            // Every commit may have left a request, and most leave none: under load one look serves many commits.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Wakes tasks that have nothing left to run. Each look goes through all open tasks: where it takes long, the next
    /// one comes later.
    func wakeIdleTasks() async {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            await round("cannot look for idle tasks") {
                if try await store.wakeIdleTasks() > 0 { signals.advance.wake() }
            }
            try? await Task.sleep(for: max(rescueInterval, min((.now - start) * 50, .seconds(30))))
        }
    }
}
