import Foundation
import Store
import Workflow

/// Steps that a transaction added and claimed at once, with what their runs need.
struct DirectClaims: Sendable {
    struct Claim: Sendable {
        let step: ClaimedStep
        let material: StepMaterial
        let workflow: LoadedWorkflow
    }

    private(set) var claims: [Claim] = []
    private let room: DirectRoom
    private let processorID: UUID
    private let tenantID: String

    init(_ room: DirectRoom, processorID: UUID, tenantID: String) {
        self.room = room
        self.processorID = processorID
        self.tenantID = tenantID
    }

    /// Claims what the engine has added, as far as there are places.
    mutating func add(from engine: inout TaskEngine) {
        guard engine.graph.task.priority >= room.leastPriority else { return }
        let steps = engine.claimNewSteps(for: processorID, tenantID: tenantID, room: room.places - claims.count)
        guard !steps.isEmpty else { return }
        let material = StepMaterial(engine.graph)
        claims += steps.map { Claim(step: $0, material: material, workflow: engine.workflow) }
    }
}

/// How a commit gets places for steps that it claims directly, and has them run.
struct StepClaimer: Sendable {
    /// Keeps up to so many places of the processor free for steps of a tenant.
    let reserve: @Sendable (_ tenantID: String, _ wanted: Int) -> DirectRoom
    /// Starts the claimed steps and gives the places back that were kept free.
    let start: @Sendable (_ claims: [DirectClaims.Claim], _ places: Int) -> Void
}

/// What a commit may claim of the steps that it adds.
struct DirectRoom: Sendable, Equatable {
    let places: Int
    /// Steps of tasks with a lower priority queue up, behind those of the tenant that wait there.
    let leastPriority: Int

    static let none = DirectRoom(places: 0, leastPriority: .max)
}

extension TaskEngine {
    /// Claims steps that the engine has just added, for the processor that adds them: they need not go through the queue
    /// when nobody is before them there. Answers the claims, at most `room`.
    ///
    /// Only steps that no limit of a model or of the workflow holds for and that have nothing but their own row to move on.
    mutating func claimNewSteps(for processorID: UUID, tenantID: String, room: Int) -> [ClaimedStep] {
        guard graph.task.status == .running || graph.task.status == .waiting, workflow.definition.concurrency == nil else {
            return []
        }
        var claims: [ClaimedStep] = []
        for index in graph.steps.indices where claims.count < room {
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
