import Synchronization

/// A pause that somebody can cut short. One that is rung while nobody pauses cuts the next pause short.
final class Alarm: Sendable {
    private struct State {
        var pause: Task<Void, Never>?
        var hasRung = false
    }

    private let state = Mutex(State())

    func ring() {
        state.withLock { state in
            state.hasRung = state.pause == nil
            state.pause?.cancel()
        }
    }

    /// Waits for the time to pass, the alarm to ring, or the task to be cancelled. For one task at a time.
    func pause(for time: Duration) async {
        let pause = Task { _ = try? await Task.sleep(for: time) }
        let hasRung = state.withLock { state in
            if !state.hasRung { state.pause = pause }
            defer { state.hasRung = false }
            return state.hasRung
        }
        if hasRung { pause.cancel() }
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
        state.withLock { $0.pause = nil }
    }
}
