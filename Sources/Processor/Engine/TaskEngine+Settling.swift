import Foundation
import Store
import Workflow

/// The task's own row: status, result, progress.
extension TaskEngine {
    mutating func settleTask() {
        graph.task.progress = max(graph.task.progress, progress)
        guard graph.phases.allSatisfy({ $0.status.isTerminal }) else {
            let open = graph.steps.filter { !$0.status.isTerminal }
            let waits = open.contains { $0.status == .waiting } && open.allSatisfy { $0.status == .waiting || $0.isParked }
            graph.task.status = waits ? .waiting : .running
            return
        }
        let failed = workflow.definition.phases.first { definition in
            definition.onFailure == .fail && graph.phase(definition.id)?.status == .failed
        }
        if let failed {
            let cause = graph.phase(failed.id)?.error
            graph.task.error = [
                "code": cause?["code"] ?? "phase_failed", "message": cause?["message"] ?? "A phase failed.",
                "phase": .string(failed.id),
            ]
            graph.task.status = .failed
        } else {
            graph.task.status = .completed
            graph.task.progress = 1
            graph.task.result = result
        }
    }

    /// The mean over the phases, a closed one counting 1 and an open one its share of closed steps, kept below 1 until
    /// the task is completed.
    private var progress: Double {
        guard !graph.phases.isEmpty else { return 0 }
        let sum = graph.phases.reduce(0.0) { sum, phase in
            if phase.status.isTerminal { return sum + 1 }
            let steps = graph.steps(of: phase.id)
            guard !steps.isEmpty else { return sum }
            // A list's steps are added little by little.
            let count = max(steps.count, phase.items?.count ?? 0)
            return sum + 0.9 * Double(steps.count { $0.status.isTerminal }) / Double(count)
        }
        let share = sum / Double(graph.phases.count)
        return (min(share, 0.99) * 1_000).rounded() / 1_000
    }

    /// What the task came to: the output of the last completed phase, and the best text where there is one.
    private var result: JSON {
        let last = workflow.definition.phases.last { graph.phase($0.id)?.status == .completed }
        var result: [String: JSON] = [:]
        if let last, let output = graph.phase(last.id)?.output {
            result["phase"] = .string(last.id)
            result["output"] = output
        }
        if let best = bestOutput {
            result["winner"] = [
                "output_id": .string(best.id.text), "track": .string(best.track),
                "content": best.content.map(JSON.string) ?? .null,
            ]
        }
        return .object(result)
    }

    /// First by the final ranking, else by the initial one, else the only one there is.
    private var bestOutput: OutputRow? {
        let usable = graph.outputs.filter { $0.status != .failed && $0.content != nil }
        return usable.first { $0.finalRank == 1 } ?? usable.first { $0.initialRank == 1 }
            ?? (usable.count == 1 ? usable[0] : nil)
    }
}
