import Foundation
import Store
import Workflow

/// The steps that one transaction adds and claims at once, with what their runs need: they do not pass through the queue.
struct DirectClaims: Sendable {
    struct Claim: Sendable {
        let step: ClaimedStep
        let material: StepMaterial
        let workflow: WorkflowVersion
    }

    /// How many slots a transaction reserves for each of its tasks: a result may add several steps, as of judges.
    static let perTask = 4

    private(set) var claims: [Claim] = []
    /// How many slots of the processor are reserved for the transaction.
    let slots: Int
    private let minPriority: Int
    private let limits: ScopedModelLimits
    private let processorID: UUID
    private let tenantID: String

    /// - Parameters:
    ///   - minPriority: steps of tasks with a lower priority are queued, behind the tenant's steps that wait there.
    ///   - limits: steps of models with a limit are queued.
    init(
        slots: Int = 0, minPriority: Int = .max, limits: ScopedModelLimits = [:], processorID: UUID, tenantID: String
    ) {
        self.slots = slots
        self.minPriority = minPriority
        self.limits = limits
        self.processorID = processorID
        self.tenantID = tenantID
    }

    /// Claims what the engine has added, as far as the reserved slots go.
    mutating func add(from engine: inout TaskEngine) {
        guard engine.graph.task.priority >= minPriority else { return }
        let steps = engine.claimNewSteps(for: processorID, tenantID: tenantID, max: slots - claims.count, limits)
        guard !steps.isEmpty else { return }
        let material = StepMaterial(engine.graph)
        claims += steps.map { Claim(step: $0, material: material, workflow: engine.workflow) }
    }
}

/// How a transaction gets slots for the steps that it claims directly, and how these are run.
struct DirectClaimer: Sendable {
    /// Reserves up to `wanted` slots of the processor for steps of a tenant.
    let reserve: @Sendable (_ tenantID: String, _ wanted: Int) -> DirectClaims
    /// Starts the claimed steps and releases the reserved slots.
    let start: @Sendable (_ claims: [DirectClaims.Claim], _ slots: Int) -> Void
}

extension TaskEngine {
    /// Claims steps that the engine has just added, for the processor that adds them, with the draft and the verdicts that
    /// they work on. Returns the claims, at most `max`.
    ///
    /// Only steps that no limit of a model or of the workflow binds: those are counted over all nodes, in the queue.
    mutating func claimNewSteps(
        for processorID: UUID, tenantID: String, max: Int, _ limits: ScopedModelLimits
    ) -> [ClaimedStep] {
        guard graph.task.status == .running || graph.task.status == .waiting, workflow.definition.concurrency == nil else {
            return []
        }
        var claims: [ClaimedStep] = []
        for index in graph.steps.indices where claims.count < max {
            let step = graph.steps[index]
            guard step.status == .pending, step.runAt == .after(.zero), !known.contains(step.id),
                step.model.map({ limits.scopes(of: $0).isEmpty }) ?? true
            else { continue }
            graph.steps[index].status = .running
            graph.steps[index].attempt = 1
            graph.steps[index].processorID = processorID
            graph.takeWork(of: step)
            claims.append(ClaimedStep(graph.steps[index], taskID: graph.task.taskID, tenantID: tenantID))
        }
        return claims
    }
}
