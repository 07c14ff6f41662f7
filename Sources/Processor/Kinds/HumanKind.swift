import Foundation
import Store
import Workflow

/// Asks a person and waits for the answer. The row of `human_tasks` says how it went; the step follows it.
struct HumanKind: SingleStepBehavior {
    let phase: HumanPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .human, status: .waiting, runAt: .never)
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        let question = engine.graph.humanTasks.last { $0.stepID == step.id }
        // A pending step is asked anew: the task was retried, or paused and resumed.
        guard let question, step.status == .waiting else { return ask(&engine, step, definition) }
        switch question.status {
        case .completed:
            engine.graph.updateStep(step.id) { row in
                row.status = .completed
                row.output = [
                    "response": question.response, "completed_by": question.completedBy.map(JSON.string) ?? .null,
                ]
                row.error = nil
            }
        case .cancelled: fail(&engine, step, "cancelled", "The human task was cancelled.")
        case .expired: expire(&engine, step)
        case .pending, .claimed: watch(&engine, question, step)
        }
    }

    private func ask(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        let scope = PromptScope(engine.graph.task, definition, engine.graph.phase(definition.id), step.input)
        func text(_ template: String?) -> String? {
            template.map { scope.render($0).replacing("\0", with: "") }
        }
        engine.graph.humanTasks.append(
            HumanTaskRow(
                stepID: step.id, title: text(phase.title) ?? "", description: text(phase.description),
                formSchema: phase.form, assigneeID: text(phase.assigneeID), assigneeGroup: text(phase.assigneeGroup),
                dueIn: phase.dueIn, reminderIn: phase.remindIn))
        engine.graph.updateStep(step.id) { row in
            row.status = .waiting
            row.runAt = .never
        }
        engine.wakeNoLater(than: phase.dueIn)
        engine.wakeNoLater(than: phase.remindIn)
    }

    /// Looks at the times of an open question, and comes back when the next has passed.
    private func watch(_ engine: inout TaskEngine, _ question: HumanTaskRow, _ step: StepRow) {
        guard let index = engine.graph.humanTasks.firstIndex(where: { $0.id == question.id }) else { return }
        if let dueIn = question.dueIn, dueIn <= .zero {
            engine.graph.humanTasks[index].status = .expired
            return expire(&engine, step)
        }
        if let reminderIn = question.reminderIn, !question.isReminded {
            if reminderIn <= .zero {
                engine.graph.humanTasks[index].isReminded = true
            } else {
                engine.wakeNoLater(than: reminderIn)
            }
        }
        engine.wakeNoLater(than: question.dueIn)
    }

    private func expire(_ engine: inout TaskEngine, _ step: StepRow) {
        fail(&engine, step, "expired", "Nobody answered in time.")
    }

    private func fail(_ engine: inout TaskEngine, _ step: StepRow, _ code: String, _ message: String) {
        engine.graph.updateStep(step.id) { row in
            row.status = .failed
            row.error = StepFailure(code: code, message: message, isRetryable: false).json
        }
    }
}

extension TaskEngine {
    /// Withdraws questions whose step is over: somebody closed it by hand.
    mutating func mendHumanTasks() {
        for index in graph.humanTasks.indices where !graph.humanTasks[index].status.isTerminal {
            let step = graph.steps.first { $0.id == graph.humanTasks[index].stepID }
            if step?.status.isTerminal != false { graph.humanTasks[index].status = .cancelled }
        }
    }
}
