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
