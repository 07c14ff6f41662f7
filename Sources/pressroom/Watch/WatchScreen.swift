import Base
import Client
import Synchronization

/// Draws frames over each other at the bottom of a terminal, and leaves it as it was.
final class WatchScreen: Sendable {
    private struct State {
        var frame: WatchFrame?
        var isDirty = false
        /// How many lines of the last frame are above the cursor.
        var drawn = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let commands: NextCommand

    init(commands: NextCommand) {
        self.commands = commands
    }

    /// Keeps a state for the next `draw`.
    func show(_ newState: TaskState) {
        state.withLock {
            $0.frame = WatchFrame(state: newState, commands: commands)
            $0.isDirty = true
        }
    }

    func show(notice: String) {
        state.withLock {
            $0.frame?.notice = notice
            $0.isDirty = true
        }
    }

    /// Draws what has changed since the last time.
    func draw() {
        state.withLock { state in
            guard state.isDirty, !state.isClosed, let frame = state.frame else { return }
            let size = Terminal.size
            let lines = frame.lines(columns: size.columns, rows: max(3, size.rows - 1))
            // Up to where the last frame began, over it line by line (which flickers less than clearing first), and
            // what was below it away; the cursor is hidden meanwhile.
            let up = state.drawn > 0 ? "\u{1B}[\(state.drawn)A" : ""
            let body = lines.map { $0 + "\u{1B}[K\n" }.joined()
            Terminal.writeRaw("\u{1B}[?25l\r" + up + body + "\u{1B}[J")
            state.drawn = lines.reduce(0) { $0 + DisplayWidth.rows(of: $1, columns: size.columns) }
            state.isDirty = false
        }
    }

    /// Shows the cursor again; the last frame stays. Nothing is drawn afterwards.
    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            Terminal.writeRaw("\u{1B}[?25h")
        }
    }
}

/// One picture of a running task: a progress bar, one line for each track, then one for each other text that is written.
struct WatchFrame {
    let state: TaskState
    let commands: NextCommand
    /// What is wrong with the connection; nil for nothing.
    var notice: String?

    /// The lines, which take at most `rows` rows. None is wider than `columns`, except commands, which are not cut.
    func lines(columns: Int, rows: Int) -> [String] {
        let task = state.task
        let phase = task.phase.map { ", \($0)" } ?? ""
        let title = SafeText.line("\(task.workflowName) \(task.workflowVersion): \(task.status)\(phase)")
        let isBroken = ["failed", "cancelled"].contains(task.status)
        let progress =
            isBroken ? TaskProgress(state: state).phases : ProgressBar.text(task.progress, width: min(40, max(10, columns - 10)))
        var lines = [title, progress]
        lines += trackLines(columns: columns) + textLines(columns: columns)
        if let notice { lines.append(SafeText.line(notice)) }
        if lines.count > rows {
            let hidden = lines.count - rows + 1
            lines = lines.prefix(rows - 1) + ["… and \(hidden) more"]
        }
        lines = lines.map { DisplayWidth.prefix($0, columns) }
        // A command is whole, or of no use: a terminal breaks it.
        let waiting = waitingLines
        let height = waiting.reduce(0) { $0 + DisplayWidth.rows(of: $1, columns: columns) }
        return height == 0 || lines.count + height > rows ? lines : lines + waiting
    }

    /// What waits for a person, with the command to answer with.
    private var waitingLines: [String] {
        let questions = state.humanTasks.filter { ["pending", "claimed"].contains($0.status) }.map(commands.answering)
        return (questions + state.waitingSignals.map { commands.signalling($0, state.task.id) }).map(SafeText.line)
    }

    private func trackLines(columns: Int) -> [String] {
        let names = state.outputs.map { SafeText.line($0.track) }
        let nameWidth = min(24, names.map(DisplayWidth.of).max() ?? 0)
        let statusWidth = state.outputs.map { DisplayWidth.of(status($0)) }.max() ?? 0
        let live = Dictionary(state.live.compactMap { text in text.outputID.map { ($0, text.text) } }) { _, last in last }
        return zip(names, state.outputs).map { name, output in
            let head =
                "  " + DisplayWidth.padded(DisplayWidth.prefix(name, nameWidth), nameWidth) + "  "
                + DisplayWidth.padded(status(output), statusWidth) + "  "
            let free = columns - DisplayWidth.of(head)
            if let text = live[output.id], !text.isEmpty {
                // Only the end is shown, so that a long text is not cleaned as a whole for every frame.
                return head + DisplayWidth.suffix(SafeText.line(String(text.suffix(columns * 2))), free)
            }
            return head + DisplayWidth.prefix(verdict(output), free)
        }
    }

    /// What agents, editors and judges write that is no draft.
    private func textLines(columns: Int) -> [String] {
        let steps = Dictionary(state.steps.map { ($0.id, $0) }) { _, last in last }
        let phases = Dictionary(state.phases.map { ($0.id, $0.key) }) { _, last in last }
        return state.live.compactMap { live in
            guard let step = live.stepID.flatMap({ steps[$0] }), !live.text.isEmpty else { return nil }
            let name = SafeText.line([phases[step.phaseID], step.agent].compactMap(\.self).joined(separator: " "))
            let head = "  " + DisplayWidth.prefix(name, 40) + "  "
            return head + DisplayWidth.suffix(SafeText.line(String(live.text.suffix(columns * 2))), columns - DisplayWidth.of(head))
        }
    }

    private func status(_ output: OutputRecord) -> String {
        let version = output.versionNumber > 0 ? " v\(output.versionNumber)" : ""
        return SafeText.line(output.status.replacing("_", with: " ")) + version
    }

    private func verdict(_ output: OutputRecord) -> String {
        if let message = output.errorMessage { return SafeText.line(message) }
        var parts: [String] = []
        if let score = output.initialAverageScore { parts.append("score \(ResultSummary.number(score))") }
        if let rank = output.initialRank, output.finalRank == nil { parts.append("#\(rank)") }
        if output.isFinalist { parts.append("finalist") }
        if let total = output.finalTotalScore { parts.append("total \(ResultSummary.number(total))") }
        if let rank = output.finalRank { parts.append("final #\(rank)") }
        return parts.joined(separator: "  ")
    }
}

/// A share of 0…1, whatever number a server sends for it.
enum Percent {
    static func share(_ share: Double) -> Double { share >= 0 ? min(1, share) : 0 }

    /// Rounded down.
    static func of(_ share: Double) -> Int { Int((Self.share(share) * 100).rounded(.down)) }
}

/// `[██████░░░░]  60 %`
enum ProgressBar {
    /// `share` is 0…1; `width` is that of the bar alone.
    static func text(_ share: Double, width: Int) -> String {
        let filled = Int((Percent.share(share) * Double(width)).rounded())
        let percent = String(Percent.of(share))
        return "[" + String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled) + "] "
            + String(repeating: " ", count: max(0, 3 - percent.count)) + percent + " %"
    }
}
