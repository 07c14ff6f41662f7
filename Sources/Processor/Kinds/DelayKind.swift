import Base
import Foundation
import Store
import Workflow

/// Waits. The step's row holds the time, by the database's clock, and a wake-up brings the task back. No processor keeps
/// a timer for it, so a restart changes nothing.
struct DelayKind: SingleStepBehavior {
    let phase: DelayPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        let time = time(engine, definition, given)
        let input: JSON =
            switch phase {
            case .for(let duration): ["for": .string(DurationText.text(of: duration))]
            case .until: ["until": .string(time.text)]
            }
        return NewStep(kind: .delay, status: .waiting, input: input, runAt: time.wait.map { .after($0) } ?? .never)
    }

    func tend(_ engine: inout TaskEngine, _ step: StepRow, _ definition: PhaseDefinition) {
        if step.status == .pending {  // reopened by a retry of the task: a new wait
            let wait = time(engine, definition, step.input).wait
            engine.graph.updateStep(step.id) { row in
                row.status = .waiting
                row.runAt = wait.map { .after($0) } ?? .never
            }
            return tend(&engine, engine.graph.steps.first { $0.id == step.id } ?? step, definition)
        }
        let dueIn: Duration? = if case .after(let wait) = step.runAt { wait } else { step.dueIn }
        guard let dueIn else {
            // `.never`: the template rendered no time. A step that was parked by hand stays parked.
            guard step.runAt == .never else { return }
            return engine.fail(step, code: "invalid_time", "'until' is no time: \(step.input["until"]?.string ?? "").")
        }
        guard dueIn > .zero else { return engine.complete(step, step.input) }
        engine.wakeNoLater(than: dueIn)
    }

    /// How long to wait from now, by the database's clock; nil where the template renders no time.
    private func time(_ engine: TaskEngine, _ definition: PhaseDefinition, _ input: JSON) -> (text: String, wait: Duration?) {
        switch phase {
        case .for(let duration):
            return ("", duration)
        case .until(let template):
            let text = PromptScope(engine, definition, input).render(template, atMost: 1_000)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            guard let time = Timestamp(rfc3339: text), Timestamp.textRange.contains(time), let now = engine.graph.task.lockedAt
            else { return (text, nil) }
            // The wait reaches the database as seconds in floating point: over thousands of years that is some microseconds
            // off, which must not lead into the year 10000.
            let end = min(time.microseconds, Timestamp.textRange.upperBound.microseconds - 1_000)
            return (text, max(.zero, .microseconds(end - Timestamp(now).microseconds)))
        }
    }
}
