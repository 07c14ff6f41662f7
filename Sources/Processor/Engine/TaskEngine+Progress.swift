import Base
import Foundation
import Store
import Workflow

/// How much of its work a task has done.
extension TaskEngine {
    /// The mean over the phases, 0…1, never above what is done: a phase counts 1 when it is completed, was passed over, or
    /// failed where the workflow lets that pass. An open or failed one counts its share of completed steps, a phase that
    /// was skipped because of a failure nothing. Below 1 until the task is completed.
    var progress: Double {
        guard !graph.phases.isEmpty else { return 0 }
        let sum = graph.phases.reduce(0.0) { $0 + share(of: $1) }
        // The small number makes up for sums such as 0.3 that end just below a whole thousandth.
        return (min(sum / Double(graph.phases.count), 0.99) * 1_000 + 1e-6).rounded(.down) / 1_000
    }

    private func share(of phase: PhaseRow) -> Double {
        switch phase.status {
        case .completed: return 1
        case .skipped: return phase.isPassedOver ? 1 : 0
        case .pending, .cancelled: return 0
        case .running, .waiting, .failed:
            guard let definition = workflow.definition.phase(phase.key) else { return 0 }
            if phase.status == .failed, definition.onFailure == .continue { return 1 }
            let (done, all) = work(of: phase, definition)
            let share = all > 0 ? min(Double(done) / Double(all), 1) : 0
            // Of runs that may be left out, as many count as there can be at most.
            let runs = Double(definition.repeats?.max ?? 1)
            return 0.9 * min((Double(phase.iteration) + share) / runs, 1)
        }
    }

    /// How many pieces of a phase's work are done in its current run, of how many that it will have: the drafts of an
    /// edit, every draft for every judge, the elements of a list, or else the steps.
    private func work(of phase: PhaseRow, _ definition: PhaseDefinition) -> (done: Int, all: Int) {
        let steps = graph.currentSteps(of: phase)
        switch definition.spec {
        case .edit:
            let done = Set(steps.filter { $0.output?["done"] == true }.compactMap(\.outputID))
            return (done.count, done.union(openDrafts(before: definition).map(\.id)).count)
        case .evaluate(let evaluate):
            let evaluations = graph.evaluations.filter { $0.phaseID == phase.id }
            let judged = Set(evaluations.map(\.outputID))
            let judges = evaluate.agents.compactMap(agent)
            let toCome = openDrafts(before: definition).filter { !judged.contains($0.id) }.reduce(0) { sum, output in
                sum + judges.count { !evaluate.excludesOwn || !isOwn(output, of: $0) }
            }
            return (evaluations.count { $0.status == .completed }, evaluations.count + toCome)
        default:
            return (steps.count { $0.status == .completed }, max(steps.count, phase.items?.count ?? 1))
        }
    }
}
