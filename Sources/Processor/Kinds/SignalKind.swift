import Base
import Foundation
import Store
import Workflow

/// Waits for a signal from outside; one that came before is taken at once. Several are taken in the order they came.
struct SignalKind: SingleStepBehavior {
    let phase: SignalPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .signal, status: .waiting, input: ["signal": .string(phase.name)], runAt: deadline)
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        if let index = engine.graph.signals.firstIndex(where: { $0.name == phase.name && $0.receivedBy == nil }) {
            engine.graph.signals[index].receivedBy = step.id
            engine.complete(step, ["signal": .string(phase.name), "data": engine.graph.signals[index].data])
        } else if step.status == .pending {  // reopened by a retry of the task: a new wait
            engine.graph.updateStep(step.id) { row in
                row.status = .waiting
                row.runAt = deadline
            }
            engine.wakeNoLater(than: phase.timeout)
        } else if let dueIn = step.dueIn, dueIn <= .zero {
            engine.log(.expiry, step, .warning, "No signal \(phase.name) came in time.", ["signal": .string(phase.name)])
            engine.fail(step, code: "timeout", "No signal \(phase.name) came in time.")
        } else {
            engine.wakeNoLater(than: step.dueIn ?? phase.timeout)
        }
    }

    private var deadline: StepRow.RunAt {
        phase.timeout.map { .after($0) } ?? .never
    }
}
