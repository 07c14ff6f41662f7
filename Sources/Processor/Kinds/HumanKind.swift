import Base
import Foundation
import Store
import Workflow

/// Asks a person and waits for the response. The step follows the row in `human_tasks`.
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
            engine.complete(
                step, ["response": question.response, "completed_by": question.completedBy.map(JSON.string) ?? .null])
        case .cancelled: engine.fail(step, code: "cancelled", "The human task was cancelled.")
        case .expired: expire(&engine, step)
        case .pending, .claimed: watch(&engine, question, step, definition)
        }
    }

    private func ask(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        let scope = PromptScope(engine, definition, step.input)
        engine.graph.humanTasks.append(
            HumanTaskRow(
                stepID: step.id, title: text(phase.title, scope) ?? "", description: text(phase.description, scope),
                formSchema: phase.form, assigneeID: text(phase.assigneeID, scope),
                assigneeGroup: text(phase.assigneeGroup, scope),
                dueIn: phase.dueIn, reminderIn: phase.remindIn))
        engine.graph.updateStep(step.id) { row in
            row.status = .waiting
            row.runAt = .never
        }
        engine.wakeNoLater(than: phase.dueIn)
        engine.wakeNoLater(than: phase.remindIn)
    }

    private func text(_ template: String?, _ scope: PromptScope) -> String? {
        template.map { scope.render($0).replacingNULs() }
    }

    /// Renders the question again, because a row that it reads may have been changed by hand. Expires or reminds when it is
    /// time, and wakes the task at the next of these times.
    private func watch(_ engine: inout TaskEngine, _ question: HumanTaskRow, _ step: StepRow, _ definition: PhaseDefinition) {
        guard let index = engine.graph.humanTasks.firstIndex(where: { $0.id == question.id }) else { return }
        if let dueIn = question.dueIn, dueIn <= .zero {
            engine.graph.humanTasks[index].status = .expired
            return expire(&engine, step)
        }
        let scope = PromptScope(engine, definition, step.input)
        engine.graph.humanTasks[index].render(
            title: text(phase.title, scope) ?? "", description: text(phase.description, scope))
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
        engine.log(.expiry, step, .warning, "The question expired without an answer.")
        engine.fail(step, code: "expired", "The question expired without an answer.")
    }
}

extension TaskEngine {
    /// Withdraws questions whose step was closed by hand.
    mutating func mendHumanTasks() {
        for index in graph.humanTasks.indices where !graph.humanTasks[index].status.isTerminal {
            let step = graph.steps.first { $0.id == graph.humanTasks[index].stepID }
            if step?.status.isTerminal != false { graph.humanTasks[index].status = .cancelled }
        }
    }
}
