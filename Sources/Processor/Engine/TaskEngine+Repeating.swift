import Foundation
import Store
import Workflow

/// Phases that run again.
extension TaskEngine {
    enum Repetition {
        case done
        case again
        /// Whether the condition holds is not known yet.
        case unknown
        case failed(StepFailure)
    }

    /// Whether a phase that has just come to an output runs again. After the last run nothing is asked.
    mutating func repetition(_ phase: PhaseRow, _ definition: PhaseDefinition, _ output: JSON) -> Repetition {
        guard let repeats = definition.repeats, phase.iteration + 1 < repeats.max else { return .done }
        guard let until = repeats.until else { return .again }
        do throws(StepFailure) {
            guard let holds = try holds(until, definition, .until, ownOutput: output) else { return .unknown }
            return holds ? .done : .again
        } catch {
            return .failed(error)
        }
    }

    /// Begins the next run. The phase stays open and keeps its output so far, which its expressions and prompts can see.
    mutating func runAgain(_ phaseID: UUID, _ output: JSON) {
        graph.updatePhase(phaseID) { row in
            row.status = .running
            row.iteration += 1
            row.input = nil
            row.output = output
        }
    }
}
