import Client
import Synchronization

/// Draws frames over each other at the bottom of a terminal, and leaves it as it was.
final class WatchScreen: Sendable {
    private struct State {
        var frame: WatchFrame?
        var isDirty = false
        /// How many lines of the last frame stand above the cursor.
        var drawn = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Notes what is to be seen; `draw` shows it.
    func show(_ newState: TaskState) {
        state.withLock {
            $0.frame = WatchFrame(state: newState)
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
            state.drawn = lines.count
            state.isDirty = false
        }
    }

    /// Gives the cursor back; the last frame stays. Nothing is drawn afterwards.
    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            Terminal.writeRaw("\u{1B}[?25h")
        }
    }
}
