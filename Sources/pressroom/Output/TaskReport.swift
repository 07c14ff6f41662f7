import Base
import Client

/// A task for people: its head, its phases with what they brought, its questions and answers, and its result.
struct TaskReport {
    let state: TaskState
    /// Nil: the reader may not see it.
    let work: TaskWork?
    let commands: NextCommand

    var text: String {
        ([head, phases, questions] + [ResultSummary(state: state).text]).filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var head: String {
        let task = state.task
        var lines = [
            ("task", task.id), ("workflow", "\(task.workflowName) \(task.workflowVersion)"),
            ("status", TaskProgress(state: state).text), ("created", LocalTime.text(task.createdAt)),
        ]
        if let message = task.errorMessage { lines.append(("error", message)) }
        if let work { lines.append(("calls", "\(work.text): \(commands.listingCalls(task.id))")) }
        return lines.map { TextWrap.terminal(SafeText.line($0.1), after: DisplayWidth.padded($0.0, 8) + "  ") }.joined(separator: "\n")
    }

    private var phases: String {
        let tracks = Dictionary(state.outputs.map { ($0.id, $0.track) }) { _, last in last }
        var table = TextTable("PHASE", "KIND", "STATUS", "TOOK", "RESULT")
        for phase in state.phases {
            table.add(
                phase.key, phase.kind, phase.status, LocalTime.between(phase.startedAt, phase.completedAt),
                PhaseResult(phase: phase).line(tracks: tracks))
        }
        return table.rows.isEmpty ? "" : table.text
    }

    /// What people are asked, with the command to answer with, and their answers.
    private var questions: String {
        let asked = state.humanTasks.compactMap { question -> String? in
            let title = "question  “\(question.title)”"
            switch question.status {
            case "pending", "claimed":
                return TextWrap.terminal(SafeText.line(title)) + "\n  answer it: " + SafeText.line(commands.answering(question))
            case "completed":
                let by = "\(question.completedBy ?? "unknown"), \(LocalTime.text(question.completedAt))"
                let answer = ValueText.answer(question.response) + " " + SafeText.line("(\(by))")
                return TextWrap.terminal(SafeText.line(title)) + "\n" + TextWrap.terminal(answer, after: "  ")
            case "expired": return TextWrap.terminal(SafeText.line("\(title) expired without an answer"))
            default: return nil
            }
        }
        let signals = state.waitingSignals.map { name in
            SafeText.line("signal    “\(name)”") + "\n  send it: " + SafeText.line(commands.signalling(name, state.task.id))
        }
        return (asked + signals).joined(separator: "\n")
    }
}

/// How much was tried and asked for a task.
struct TaskWork {
    let text: String

    /// Nil without the right to see attempts and calls, and where the server has none.
    init?(of taskID: String, _ client: PressroomClient) async throws {
        do {
            async let calls = client.calls(task: taskID, limit: 1, count: true)
            async let attempts = client.attempts(task: taskID, limit: 1, count: true)
            async let failed = client.attempts(task: taskID, status: "failed,lost", limit: 1, count: true)
            text = Self.text(calls: try await calls.counted, attempts: try await attempts.counted, failed: try await failed.counted)
        } catch let error as PressroomError where error.status == 403 || error.status == 404 {
            return nil
        }
    }

    /// `14 in 12 attempts, 2 of them failed`.
    static func text(calls: Count, attempts: Count, failed: Count) -> String {
        let tries = "\(calls.text) in \(attempts.text) \(attempts.text == "1" ? "attempt" : "attempts")"
        return failed.number == 0 ? tries : "\(tries), \(failed.text) of them failed"
    }

    struct Count: Equatable {
        let number: Int
        let isFloor: Bool

        var text: String { isFloor ? "over \(number)" : "\(number)" }
    }
}

extension Page {
    fileprivate var counted: TaskWork.Count { TaskWork.Count(number: total ?? items.count, isFloor: isTotalFloor) }
}

/// How far a task is, in words.
struct TaskProgress {
    let state: TaskState

    /// `running, 43 %`; for what ended before its time, `failed, 1 of 8 phases completed`.
    var text: String {
        let task = state.task
        switch task.status {
        case "failed", "cancelled": return "\(task.status), \(phases)"
        case "completed": return task.status
        default: return "\(task.status), \(Percent.of(task.progress)) %"
        }
    }

    var phases: String {
        let all = state.phases
        return "\(all.count { $0.status == "completed" }) of \(all.count) \(all.count == 1 ? "phase" : "phases") completed"
    }
}

extension TaskState {
    /// The signals that phases wait for now.
    var waitingSignals: [String] {
        let waiting = Set(phases.filter { $0.kind == "signal" && $0.status == "waiting" }.map(\.id))
        return steps.filter { $0.status == "waiting" && waiting.contains($0.phaseID) }.compactMap { $0.input["signal"]?.string }
    }
}
