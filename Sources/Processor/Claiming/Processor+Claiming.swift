import Foundation
import Logging
import Store
import Synchronization
import Workflow

extension Processor {
    /// Fills this node's free places with due steps.
    func claimSteps() async {
        await wakeClaim.forEach(atLeastEvery: configuration.poll) {
            do {
                await self.chargeModels()
                while try await self.claimOnce(), !Task.isCancelled {}
            } catch {
                if !(error is CancellationError), !Task.isCancelled {
                    self.logger.warning("cannot claim steps", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Claims for each tenant its share of the free places. Answers whether another round may find more.
    private func claimOnce() async throws -> Bool {
        guard running.free(of: configuration.concurrency) > 0 || queue.isOld else { return false }
        let waiting = try await store.waitingLanes(configuration.limits)
        let open = openLanes(waiting)
        queue.saw(waiting, open: open)
        let shares = FairShare.divide(
            free: running.free(of: configuration.concurrency), reserve: waiting.hasSeveralTenants ? reserve : 0,
            among: open.keys.shuffled(), running: running.countByTenant)
        var claimedAny = false
        for (tenantID, places) in shares {
            let scope = Scope.processor(id, tenantID: tenantID)
            do {
                let steps = try await store.claimSteps(
                    scope, processorID: id, lanes: open[tenantID], limit: places, limits: configuration.limits)
                guard !steps.isEmpty else { continue }
                claimedAny = true
                await start(steps, scope)
            } catch where !error.isConnectionTrouble && !Task.isCancelled {
                // What is wrong with one tenant's rows is not the others' trouble.
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

    /// The lanes that no model's limit closes; for the others this loop wakes when the first of them opens. A limit of
    /// calls at a time opens with a commit, which wakes it too.
    private func openLanes(_ waiting: WaitingLanes) -> [String: [Lane]] {
        var opensIn: Duration?
        let open = waiting.lanes.mapValues { lanes in
            lanes.filter { lane in
                let scopes = lane.model.map { configuration.limits.models.scopes(of: $0) } ?? []
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
        do {
            let material = try await store.stepMaterial(scope, Array(Set(steps.map(\.taskID))))
            var loaded: [UUID: LoadedWorkflow] = [:]
            for id in Set(material.values.map(\.task.workflowID)) { loaded[id] = try await workflows.workflow(scope, id) }
            for step in steps {
                guard let material = material[step.taskID], let workflow = loaded[material.task.workflowID] else { continue }
                run(step, material, workflow)
            }
        } catch {
            logger.warning("cannot start claimed steps", metadata: ["error": "\(error)"])
            for step in steps { meter.ended(step) }
            finished.add(steps.map { FinishedStep($0, .handedBack) })
        }
    }

    /// How commits claim the steps that they add.
    var directClaims: StepClaimer {
        StepClaimer { [running, configuration, queue, reserve] tenantID, wanted in
            // Where a limit counts, the queue decides.
            guard configuration.limits.tenantSteps == nil else { return .none }
            let look = queue.look
            let fair = FairShare.direct(
                wanted: wanted, of: configuration.concurrency, tenantID, waiting: Array(look.priorities.keys),
                running: running.countByTenant)
            let open = configuration.concurrency - (look.hasSeveralTenants ? reserve : 0)
            return DirectRoom(
                places: running.reserve(fair, of: open), leastPriority: look.priorities[tenantID] ?? .min)
        } start: { [weak self] claims, places in
            for claim in claims { self?.run(claim.step, claim.material, claim.workflow) }
            self?.running.release(places)
        }
    }

    private func run(_ step: ClaimedStep, _ material: StepMaterial, _ workflow: LoadedWorkflow) {
        running.start(step) { [runner, finished, meter] in
            let outcome = await runner.run(step, material, workflow)
            meter.ended(step)
            finished.add([FinishedStep(step, outcome)])
        } ended: { [wakeClaim] in
            wakeClaim.wake()
        }
    }
}

/// What this node saw of the queue when it last looked: so that a commit that claims the steps it adds passes by nobody
/// who waits.
final class QueueView: Sendable {
    struct Look: Sendable {
        /// The best priority of a waiting step, by tenant.
        var priorities: [String: Int] = [:]
        var hasSeveralTenants = false
    }

    private let state = Mutex<(look: Look, at: ContinuousClock.Instant?)>((Look(), nil))

    var look: Look { state.withLock { $0.look } }

    /// Whether the last look is so old that the queue may be another by now.
    var isOld: Bool {
        state.withLock { $0.at.map { ContinuousClock.now - $0 > .milliseconds(100) } ?? true }
    }

    /// - Parameter open: the lanes that no limit is known to close.
    func saw(_ waiting: WaitingLanes, open: [String: [Lane]]) {
        let priorities = open.reduce(into: [String: Int]()) { best, tenant in
            best[tenant.key] = tenant.value.compactMap { waiting.priorities[tenant.key]?[$0] }.max()
        }
        let look = Look(priorities: priorities, hasSeveralTenants: waiting.hasSeveralTenants)
        state.withLock { $0 = (look, .now) }
    }
}

/// Divides a node's free places among the tenants that wait for one.
enum FairShare {
    /// How many places each tenant may take now: those that run the fewest steps here come first, until all run equally
    /// many. Of the places in reserve, each tenant that runs none and would get none takes one.
    ///
    /// - Parameters:
    ///   - tenants: in the order in which they are served where they are equal.
    ///   - running: how many steps of each run here.
    static func divide(
        free: Int, reserve: Int, among tenants: [String], running: [String: Int]
    ) -> [(tenantID: String, places: Int)] {
        let places = max(0, free)
        let open = max(0, places - reserve)
        let waiting = tenants.map { (tenantID: $0, running: running[$0] ?? 0) }
            .enumerated().sorted { ($0.element.running, $0.offset) < ($1.element.running, $1.offset) }.map(\.element)
        var shares = level(open, waiting.map(\.running))
        var kept = places - open
        for (index, tenant) in waiting.enumerated() where kept > 0 && tenant.running == 0 && shares[index] == 0 {
            shares[index] = 1
            kept -= 1
        }
        return zip(waiting, shares).filter { $1 > 0 }.map { ($0.tenantID, $1) }
    }

    /// How many places steps may take that do not queue up, as those that a commit adds: all that they want while no
    /// other tenant waits, else what is left of an even share of the node.
    static func direct(
        wanted: Int, of concurrency: Int, _ tenantID: String, waiting: [String], running: [String: Int]
    ) -> Int {
        guard waiting.contains(where: { $0 != tenantID }) else { return wanted }
        let sharing = Set(waiting).union(running.keys).union([tenantID])
        return max(0, min(wanted, concurrency / sharing.count - (running[tenantID] ?? 0)))
    }

    /// Raises the lowest first, as water fills a vessel; what does not go up evenly goes to the first ones.
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
