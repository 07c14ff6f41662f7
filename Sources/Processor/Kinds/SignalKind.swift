import Foundation
import Store
import Workflow

/// Waits for a signal from outside; one that came before is taken at once. Several wait in the order they came.
struct SignalKind: PhaseBehavior {
    let phase: SignalPhase

    func feed(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) {
        if engine.graph.steps(of: phaseID).isEmpty {
            engine.graph.steps.append(
                StepRow(
                    phaseID: phaseID, kind: .signal,
                    sequence: (engine.graph.steps.map(\.sequence).max() ?? -1) + 1, status: .waiting,
                    maxAttempts: definition.retry.maxAttempts, input: ["signal": .string(phase.name)], runAt: deadline))
            engine.wakeNoLater(than: phase.timeout)
        }
        for step in engine.graph.steps(of: phaseID) where !step.status.isTerminal {
            if let index = engine.graph.signals.firstIndex(where: { $0.name == phase.name && $0.receivedBy == nil }) {
                engine.graph.signals[index].receivedBy = step.id
                let data = engine.graph.signals[index].data
                engine.graph.updateStep(step.id) { row in
                    row.status = .completed
                    row.output = ["signal": .string(phase.name), "data": data]
                }
            } else {
                wait(&engine, step, definition)
            }
        }
        engine.graph.updatePhase(phaseID) { row in
            if row.status == .running { row.status = .waiting }
        }
    }

    private func wait(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        if step.status == .pending {  // reopened by a retry of the task: a new wait
            engine.graph.updateStep(step.id) { row in
                row.status = .waiting
                row.runAt = deadline
            }
            engine.wakeNoLater(than: phase.timeout)
        } else if let dueIn = step.dueIn {
            if dueIn <= .zero {
                engine.graph.updateStep(step.id) { row in
                    row.status = .failed
                    row.error = StepFailure(
                        code: "timeout", message: "No signal \(phase.name) came in time.", isRetryable: false).json
                }
            } else {
                engine.wakeNoLater(than: dueIn)
            }
        }
    }

    private var deadline: StepRow.RunAt {
        phase.timeout.map { .after($0) } ?? .never
    }

    func conclusion(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition) -> PhaseConclusion? {
        guard let step = engine.graph.steps(of: phaseID).last, step.status.isTerminal else { return nil }
        guard step.status == .completed, let output = step.output else {
            return .failed(engine.firstFailure(in: phaseID, code: "timeout", "The wait for a signal ended without it."))
        }
        return .completed(output)
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        supersededNote
    }

    func run(_ call: StepCall) async throws(ProviderError) -> StepResult {
        throw call.hasNoRun
    }
}

extension TaskEngine {
    /// Makes sure that a processor looks at the task again after this long.
    mutating func wakeNoLater(than delay: Duration?) {
        guard let delay else { return }
        graph.wakeAfter = min(graph.wakeAfter ?? delay, delay)
    }
}
