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

    private(set) var claims: [Claim] = []
    /// How many slots of the processor are reserved for the transaction.
    let slots: Int
    private let minPriority: Int
    private let processorID: UUID
    private let tenantID: String

    /// - Parameter minPriority: steps of tasks with a lower priority are queued, behind the tenant's steps that wait there.
    init(slots: Int = 0, minPriority: Int = .max, processorID: UUID, tenantID: String) {
        self.slots = slots
        self.minPriority = minPriority
        self.processorID = processorID
        self.tenantID = tenantID
    }

    /// Claims what the engine has added, as far as the reserved slots go.
    mutating func add(from engine: inout TaskEngine) {
        guard engine.graph.task.priority >= minPriority else { return }
        let steps = engine.claimNewSteps(for: processorID, tenantID: tenantID, max: slots - claims.count)
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
    /// Claims steps that the engine has just added, for the processor that adds them. Returns the claims, at most `max`.
    ///
    /// Only steps that no limit of a model or of the workflow binds and that move no row but their own.
    mutating func claimNewSteps(for processorID: UUID, tenantID: String, max: Int) -> [ClaimedStep] {
        guard graph.task.status == .running || graph.task.status == .waiting, workflow.definition.concurrency == nil else {
            return []
        }
        var claims: [ClaimedStep] = []
        for index in graph.steps.indices where claims.count < max {
            let step = graph.steps[index]
            guard step.status == .pending, step.runAt == .after(.zero), step.model == nil, step.outputID == nil,
                !known.contains(step.id)
            else { continue }
            graph.steps[index].status = .running
            graph.steps[index].attempt = 1
            graph.steps[index].processorID = processorID
            claims.append(ClaimedStep(graph.steps[index], taskID: graph.task.taskID, tenantID: tenantID))
        }
        return claims
    }
}
