import Base
import Foundation
import Store
import Workflow

/// Writes a line into the task's log. A run renders the text, outside of every transaction; the row is written with the
/// step's end, and so once.
struct LogKind: SingleStepBehavior {
    let phase: LogPhase

    func step(_ engine: inout TaskEngine, _ phaseID: UUID, _ definition: PhaseDefinition, given: JSON) -> NewStep {
        NewStep(kind: .log)
    }

    func record(
        _ engine: inout TaskEngine, _ result: StepResult, of step: StepRow, _ definition: PhaseDefinition
    ) -> JSON {
        guard case .value(let value, _) = result, let message = value["message"]?.string else { return supersededNote }
        engine.graph.newLogs.append(
            LogRow(phaseID: step.phaseID, stepID: step.id, level: phase.level, message: message))
        return value
    }

    func run(_ run: StepRun) async throws -> StepResult {
        let text = run.render(phase.message).replacingNULs().unicodeScalars.prefix(LogRow.longestMessage)
        return .value(["level": .string(phase.level.rawValue), "message": .string(String(String.UnicodeScalarView(text)))])
    }
}
