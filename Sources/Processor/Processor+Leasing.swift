import Base
import Foundation
import Logging
import Store
import Telemetry
import Workflow

#if canImport(Glibc)
import Glibc
#endif

extension Processor {
    /// Registers this processor as soon as the database can be reached. Processors of this machine whose process is gone
    /// lose their leases at once, before the lease timeout.
    func register() async {
        while !Task.isCancelled {
            do {
                return try await store.registerProcessor(id: id, host: Self.host, pid: getpid()) { kill($0, 0) == 0 || errno == EPERM }
            } catch {
                logger.warning("cannot enter the processor", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Renews the lease, and cancels runs whose step was paused, cancelled or taken over.
    func keepLease() async {
        await signals.lease.forEach(atLeastEvery: configuration.heartbeat) {
            await self.round("cannot renew the lease") {
                try await self.store.heartbeat(processorID: self.id, host: Self.host, pid: getpid())
                // Short steps end before the answer comes; the next look comes soon enough for the others.
                let held = self.running.held(for: self.configuration.heartbeat / 2)
                guard !held.isEmpty else { return }
                self.running.cancel(try await self.store.lostSteps(processorID: self.id, held))
            }
        }
    }

    var rescueInterval: Duration { min(configuration.leaseTimeout / 4, .seconds(2)) }

    /// Puts steps of processors that are gone back into the queue.
    func rescue() async {
        let signal = WorkSignal()
        signal.wake()
        await signal.forEach(atLeastEvery: rescueInterval) {
            await self.round("cannot look for orphans") {
                try await self.rescueOrphans()
                try await self.rescueStranded()
                try await self.store.removeAbandonedLiveTexts()
            }
        }
    }

    private func rescueOrphans() async throws {
        try await takeOver(try await store.orphanedSteps(leaseTimeout: configuration.leaseTimeout, limit: 1_000))
    }

    /// Steps that this processor holds by their rows and does not know: the answer to their claim was lost. On a busy
    /// machine it may only be late, so young claims are left alone.
    private func rescueStranded() async throws {
        let steps = try await store.claimedSteps(processorID: id, before: max(.seconds(5), configuration.leaseTimeout / 2))
        let known = finished.unsettled.union(running.held().map(\.step))
        try await takeOver(steps.filter { !known.contains(TenantKey($0.tenantID, $0.stepID)) })
    }

    private func takeOver(_ orphans: [OrphanedStep]) async throws {
        for (tenantID, orphans) in Dictionary(grouping: orphans, by: \.tenantID) {
            let scope = Scope.processor(id, tenantID: tenantID)
            for (taskID, orphans) in Dictionary(grouping: orphans, by: \.taskID) {
                do {
                    try await takeOver(orphans, of: taskID, scope)
                    stuck.succeeded(TenantKey(tenantID, taskID))
                } catch where !error.isConnectionTrouble && !Task.isCancelled {
                    // The next round finds them again; meanwhile the others are taken over.
                    if !error.isPassing {
                        logger.error("steps cannot be taken over", metadata: ["task": "\(taskID.text)", "error": "\(error)"])
                    }
                    if error.isOfTheTask, stuck.failed(TenantKey(tenantID, taskID)) == nil { _ = await store.giveUp(scope, taskID, error, logger) }
                }
            }
            Instruments.stepsLost.increment(by: orphans.count)
            logger.info("took over steps", metadata: ["tenant": "\(tenantID)", "steps": "\(orphans.count)"])
        }
        if !orphans.isEmpty { signals.claim.wake() }
    }

    /// Puts the steps back into the queue. A step that was lost many times may be what brings processors down: it fails.
    private func takeOver(_ orphans: [OrphanedStep], of taskID: UUID, _ scope: Scope) async throws {
        let known = try await store.workflowVersions(scope, ofTasks: [taskID])
        try await store.withTaskGraphs(scope, [taskID]) { graphs in
            for index in graphs.indices {
                guard let workflow = known[graphs[index].task.workflowID] else { continue }
                var engine = TaskEngine(graphs[index], workflow)
                for orphan in orphans { engine.takeOver(orphan.stepID, attempt: orphan.attempt) }
                engine.advance()
                graphs[index] = engine.graph
            }
        }
    }

    /// Names the machine, its boot and the process namespace: within one of them a pid means the same process.
    static let host: String = {
        let name = ProcessInfo.processInfo.hostName
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?.prefix(8) ?? ""
        let namespace = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
        return "\(name) \(boot) \(namespace)"
    }()
}
