import Client

/// A task's changes as lines, for logs and pipes.
struct WatchLines {
    private var task: TaskRecord?
    private var phases: [String: String] = [:]
    private var outputs: [String: String] = [:]
    private var evaluations: [String: String] = [:]

    /// The lines for what has changed since the state before.
    mutating func lines(for state: TaskState) -> [String] {
        var lines: [String] = []
        if task?.status != state.task.status {
            lines.append("task \(state.task.status)")
            if let message = state.task.errorMessage { lines[lines.count - 1] += ": \(message)" }
        }
        task = state.task
        for phase in state.phases where phases.updateValue(phase.status, forKey: phase.id) != phase.status {
            guard phase.status != "pending" else { continue }
            lines.append("phase \(phase.key) \(phase.status)" + (phase.errorMessage.map { ": \($0)" } ?? ""))
        }
        for output in state.outputs {
            let status = "\(output.status) v\(output.versionNumber)"
            guard outputs.updateValue(status, forKey: output.id) != status else { continue }
            lines.append("output \(output.track) \(status)" + (output.errorMessage.map { ": \($0)" } ?? ""))
        }
        let tracks = Dictionary(state.outputs.map { ($0.id, $0.track) }) { _, last in last }
        for evaluation in state.evaluations
        where evaluations.updateValue(evaluation.status, forKey: evaluation.id) != evaluation.status {
            guard ["completed", "failed"].contains(evaluation.status) else { continue }
            let result =
                evaluation.score.map { "score \(ResultSummary.number($0))" } ?? evaluation.rank.map { "rank \($0)" }
                ?? evaluation.errorMessage ?? ""
            lines.append(
                "evaluation \(evaluation.stage) by \(evaluation.evaluator) of \(tracks[evaluation.outputID] ?? evaluation.outputID) "
                    + "\(evaluation.status): \(result)")
        }
        return lines.map(SafeText.line)
    }
}
