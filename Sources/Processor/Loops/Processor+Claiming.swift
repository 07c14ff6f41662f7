import Foundation
import Logging
import Store
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
