import Foundation
import Logging
import Store
import Synchronization
import Workflow

extension Processor {
    /// Fills the free slots of this node with due steps.
    func claimSteps() async {
        await signals.claim.forEach(atLeastEvery: configuration.poll) {
            await self.round("cannot claim steps") {
                await self.chargeModels()
                while try await self.claimOnce(), !Task.isCancelled {}
            }
        }
    }

    /// Claims for each tenant its share of the free slots. Returns whether another round may find more.
    private func claimOnce() async throws -> Bool {
        // A result keeps the slot of its step until it is committed: the steps that its commit adds are to have it, before
        // others from the queue.
        let free = running.reserve(.max, of: configuration.concurrency - finished.count)
        defer { running.release(free) }
        guard free > 0 || queue.isOld else { return false }
        let waiting = try await store.waitingQueues(configuration.limits)
        let open = openQueues(waiting)
        queue.saw(waiting, open: open)
        let shares = FairShare.divide(
            free: free, reserve: waiting.hasSeveralTenants ? reserve : 0, among: open.keys.shuffled(),
            running: running.countByTenant)
        var claimedAny = false
        for (tenantID, slots) in shares {
            let scope = Scope.processor(id, tenantID: tenantID)
            do {
                let claimStart = ContinuousClock.now
                let steps = try await store.claimSteps(
                    scope, processorID: id, queues: open[tenantID], limit: slots,
                    limits: configuration.limits.with(tenantSteps: waiting.tenantSteps[tenantID]))
                StepMeasures.claimed(steps.count, since: claimStart)
                guard !steps.isEmpty else { continue }
                claimedAny = true
                await start(steps, scope)
            } catch where !error.isConnectionTrouble && !Task.isCancelled {
                // The rows of one tenant do not hold up the others.
                if error.isPassing {
                    claimTimer.wake(after: .milliseconds(.random(in: 10...50)))
                } else {
                    logger.error("cannot claim steps", metadata: ["tenant": "\(tenantID)", "error": "\(error)"])
                }
            }
        }
        return claimedAny
    }

    private var reserve: Int { min(configuration.tenantReserve, configuration.concurrency / 2) }

    /// The queues that no model's limit closes; this loop wakes when the first of the others opens. A limit of
    /// concurrent calls opens with a commit, which wakes the loop too.
    private func openQueues(_ waiting: WaitingQueues) -> [String: [StepQueue]] {
        var opensIn: Duration?
        let open = waiting.queues.mapValues { queues in
            queues.filter { queue in
                let scopes = queue.model.map { configuration.limits.models.scopes(of: $0) } ?? []
                let closed = scopes.compactMap { waiting.models[$0] }.filter { $0.steps == 0 }
                if let wait = closed.map(\.opensIn).filter({ $0 > .zero }).max() { opensIn = min(opensIn ?? wait, wait) }
                return closed.isEmpty
            }
        }
        if let opensIn { claimTimer.wake(after: opensIn) }
        return open.filter { !$0.value.isEmpty }
    }

    /// Charges what calls took to the limits per minute.
    func chargeModels() async {
        let spending = meter.take()
        guard !spending.isEmpty else { return }
        do {
            try await store.charge(spending)
        } catch {
            meter.putBack(spending)
            if !Task.isCancelled { logger.debug("cannot charge what models took", metadata: ["error": "\(error)"]) }
        }
    }

    private func start(_ steps: [ClaimedStep], _ scope: Scope) async {
        let taskIDs = Set(steps.map(\.taskID))
        do {
            let material = try await store.stepMaterial(scope, Array(taskIDs))
            let loaded = try await store.workflowVersions(scope, Set(material.values.map(\.task.workflowID)))
            for step in steps {
                guard let material = material[step.taskID], let workflow = loaded[material.task.workflowID] else { continue }
                run(step, material, workflow)
            }
        } catch where taskIDs.count > 1 && error.isOfTheTask {
            // The rows of one task are in the way. Each is started by itself.
            for steps in Dictionary(grouping: steps, by: \.taskID).values { await start(steps, scope) }
        } catch {
            logger.warning("cannot start claimed steps", metadata: ["error": "\(error)"])
            for step in steps { meter.ended(step) }
            let outcome: StepOutcome =
                error.isOfTheTask
                ? .failed(StepFailure(code: "internal_error", message: "The step cannot be started: \(error)", isRetryable: false))
                : .handedBack
            finished.add(steps.map { FinishedStep($0, outcome) })
        }
    }

    /// How commits claim the steps that they add.
    var directClaimer: DirectClaimer {
        DirectClaimer { [id, running, configuration, queue, reserve] tenantID, wanted in
            // Under a limit of the tenant's steps only the queue knows what may run.
            guard let look = queue.look, configuration.limits.tenantSteps == nil, !look.limitedTenants.contains(tenantID) else {
                return DirectClaims(processorID: id, tenantID: tenantID)
            }
            let fair = FairShare.direct(
                wanted: wanted, of: configuration.concurrency, tenantID, waiting: Array(look.priorities.keys),
                running: running.countByTenant)
            let open = configuration.concurrency - (look.hasSeveralTenants ? reserve : 0)
            return DirectClaims(
                slots: running.reserve(fair, of: open), minPriority: look.priorities[tenantID] ?? .min,
                limits: configuration.limits.models, processorID: id, tenantID: tenantID)
        } start: { [weak self] claims, slots in
            StepMeasures.claimedDirectly(claims.count)
            for claim in claims { self?.run(claim.step, claim.material, claim.workflow) }
            self?.running.release(slots)
        }
    }

    private func run(_ step: ClaimedStep, _ material: StepMaterial, _ workflow: WorkflowVersion) {
        running.start(step) { [runner, finished, meter] in
            let start = ContinuousClock.now
            let result = await runner.run(step, material, workflow)
            StepMeasures.ended(step, result.outcome, since: start)
            meter.ended(step)
            finished.add([result])
        } ended: { [signals] in
            signals.claim.wake()
        }
    }
}

/// The queue as this node last saw it. A commit that claims the steps it adds uses it to overtake no waiting tenant or
/// higher priority.
final class QueueView: Sendable {
    struct Look: Sendable {
        /// The highest priority of a waiting step, by tenant.
        var priorities: [String: Int] = [:]
        var hasSeveralTenants = false
        /// Those with a limit of steps of their own.
        var limitedTenants: Set<String> = []
    }

    private let state = Mutex<(look: Look?, at: ContinuousClock.Instant?)>((nil, nil))

    /// Nil before the first.
    var look: Look? { state.withLock { $0.look } }

    /// Whether the last look is more than 100 ms old.
    var isOld: Bool {
        state.withLock { $0.at.map { ContinuousClock.now - $0 > .milliseconds(100) } ?? true }
    }

    /// - Parameter open: by tenant, the queues that no limit is known to close.
    func saw(_ waiting: WaitingQueues, open: [String: [StepQueue]]) {
        let priorities = open.reduce(into: [String: Int]()) { best, tenant in
            best[tenant.key] = tenant.value.compactMap { waiting.priorities[tenant.key]?[$0] }.max()
        }
        let look = Look(
            priorities: priorities, hasSeveralTenants: waiting.hasSeveralTenants, limitedTenants: Set(waiting.tenantSteps.keys))
        state.withLock { $0 = (look, .now) }
    }
}

/// Divides a node's free slots among the tenants that wait for one.
enum FairShare {
    /// How many slots each tenant may take now: those that run the fewest steps here come first, until all run equally
    /// many. Of the reserved slots, each tenant that runs none and would get none takes one.
    ///
    /// - Parameters:
    ///   - tenants: in the order in which they are served where they are equal.
    ///   - running: how many steps of each run here.
    static func divide(
        free: Int, reserve: Int, among tenants: [String], running: [String: Int]
    ) -> [(tenantID: String, slots: Int)] {
        let slots = max(0, free)
        let open = max(0, slots - reserve)
        let waiting = tenants.map { (tenantID: $0, running: running[$0] ?? 0) }
            .enumerated().sorted { ($0.element.running, $0.offset) < ($1.element.running, $1.offset) }.map(\.element)
        var shares = level(open, waiting.map(\.running))
        var reserved = slots - open
        for (index, tenant) in waiting.enumerated() where reserved > 0 && tenant.running == 0 && shares[index] == 0 {
            shares[index] = 1
            reserved -= 1
        }
        return zip(waiting, shares).filter { $1 > 0 }.map { ($0.tenantID, $1) }
    }

    /// How many slots a transaction may take for steps that do not pass through the queue: all that it wants while no
    /// other tenant waits, else what is left of an even share of the node.
    static func direct(
        wanted: Int, of concurrency: Int, _ tenantID: String, waiting: [String], running: [String: Int]
    ) -> Int {
        guard waiting.contains(where: { $0 != tenantID }) else { return wanted }
        let sharing = Set(waiting).union(running.keys).union([tenantID])
        return max(0, min(wanted, concurrency / sharing.count - (running[tenantID] ?? 0)))
    }

    /// Raises the lowest first, as water fills a vessel; the remainder goes to the first ones.
    ///
    /// - Parameter levels: rising.
    private static func level(_ amount: Int, _ levels: [Int]) -> [Int] {
        guard let lowest = levels.first, amount > 0 else { return levels.map { _ in 0 } }
        func cost(_ height: Int) -> Int { levels.reduce(0) { $0 + max(0, height - $1) } }
        var (height, above) = (lowest, lowest + amount + 1)
        while above - height > 1 {
            let middle = (height + above) / 2
            if cost(middle) <= amount { height = middle } else { above = middle }
        }
        var left = amount - cost(height)
        return levels.map { level in
            guard level <= height else { return 0 }
            defer { left = max(0, left - 1) }
            return height - level + (left > 0 ? 1 : 0)
        }
    }
}
