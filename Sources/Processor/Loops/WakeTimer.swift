import Synchronization

/// Wakes a loop after a while; of several wakes that are asked for, the earliest counts.
final class WakeTimer: Sendable {
    private let signal: WorkSignal
    private let next = Mutex<(deadline: ContinuousClock.Instant, task: Task<Void, Never>)?>(nil)

    init(_ signal: WorkSignal) {
        self.signal = signal
    }

    /// - Parameter delay: not less than 10 ms count.
    func wake(after delay: Duration) {
        let deadline = ContinuousClock.now + max(delay, .milliseconds(10))
        next.withLock { next in
            if let next, next.deadline <= deadline, next.deadline > .now { return }
            next?.task.cancel()
            let task = Task { [signal] in
                guard (try? await Task.sleep(until: deadline)) != nil else { return }
                signal.wake()
            }
            next = (deadline, task)
        }
    }
}
