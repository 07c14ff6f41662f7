import Client

/// A task's changes as lines, for logs and pipes.
struct WatchLines {
    let commands: NextCommand
    private var task: TaskRecord?
    private var phases: [String: String] = [:]
    private var outputs: [String: String] = [:]
    private var evaluations: [String: String] = [:]
    private var questions: [String: String] = [:]
    private var signals: Set<String> = []

    init(commands: NextCommand) {
        self.commands = commands
    }

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
        lines += questionLines(state)
        return lines.map(SafeText.line)
    }

    /// What waits for a person, with the command to answer with, and who gave which answer.
    private mutating func questionLines(_ state: TaskState) -> [String] {
        var lines: [String] = []
        for question in state.humanTasks
        where questions.updateValue(question.status, forKey: question.id) != question.status {
            switch question.status {
            case "pending":
                lines.append("question “\(question.title)”; answer it with: \(commands.answering(question))")
            case "completed":
                let answer = ValueText.answer(question.response)
                lines.append("question “\(question.title)” answered by \(question.completedBy ?? "unknown"): \(answer)")
            default: lines.append("question “\(question.title)” \(question.status)")
            }
        }
        let waiting = Set(state.waitingSignals)
        for name in waiting.subtracting(signals).sorted() {
            lines.append("waiting for the signal “\(name)”; send it with: \(commands.signalling(name, state.task.id))")
        }
        signals = waiting
        return lines
    }
}
