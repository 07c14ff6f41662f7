import Foundation
import Logging
import Store
import Workflow

extension Processor {
    /// Fills this node's free places with due steps.
    func claimSteps() async {
        await wakeClaim.forEach(atLeastEvery: configuration.poll) {
            do {
                while try await self.claimOnce(), !Task.isCancelled {}
            } catch {
                if !(error is CancellationError), !Task.isCancelled {
                    self.logger.warning("cannot claim steps", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Claims for each tenant in turn. Answers whether another round may find more.
    private func claimOnce() async throws -> Bool {
        var claimedAny = false
        for tenantID in try await store.tenantsWithDueSteps() {
            let free = running.free(of: configuration.concurrency)
            guard free > 0 else { return false }
            let scope = Scope.processor(id, tenantID: tenantID)
            do {
                let steps = try await store.claimSteps(
                    scope, processorID: id, limit: free, providerLimits: running.room(configuration.providerConcurrency))
                guard !steps.isEmpty else { continue }
                claimedAny = true
                await start(steps, scope)
            } catch where !error.isConnectionTrouble && !Task.isCancelled {
                // What is wrong with one tenant's rows is not the others' trouble.
                logger.error("cannot claim steps", metadata: ["tenant": "\(tenantID)", "error": "\(error)"])
            }
        }
        return claimedAny
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
            finished.add(steps.map { FinishedStep($0, .handedBack) })
        }
    }

    /// How commits claim the steps that they add.
    var directClaims: StepClaimer {
        StepClaimer { [running, configuration] _, wanted in
            running.reserve(wanted, of: configuration.concurrency)
        } start: { [weak self] claims, places in
            for claim in claims { self?.run(claim.step, claim.material, claim.workflow) }
            self?.running.release(places)
        }
    }

    private func run(_ step: ClaimedStep, _ material: StepMaterial, _ workflow: LoadedWorkflow) {
        running.start(step) { [runner, finished, wakeClaim] in
            let outcome = await runner.run(step, material, workflow)
            finished.add([FinishedStep(step, outcome)])
            wakeClaim.wake()
        }
    }
}
