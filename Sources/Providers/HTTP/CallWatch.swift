import Synchronization

/// The two clocks of one model call: how long it may take in all, and how long the server may be silent.
///
/// The second runs only while the call waits for bytes, so a slow consumer of the text never counts as a stall.
final class CallWatch: Sendable {
    enum Expiry: Sendable { case stalled, timedOut }

    private let clock = ContinuousClock()
    private let end: ContinuousClock.Instant
    private let silenceEnd = Mutex<ContinuousClock.Instant?>(nil)
    private let idleCheck = Duration.milliseconds(500)

    init(timeout: Duration) {
        end = clock.now.advanced(by: timeout)
    }

    /// From now on bytes are awaited, for at most `silence`.
    func startWaiting(atMost silence: Duration) {
        let deadline = clock.now.advanced(by: silence)
        silenceEnd.withLock { $0 = deadline }
    }

    /// Bytes have come: the time that passes now is not the server's.
    func stopWaiting() {
        silenceEnd.withLock { $0 = nil }
    }

    /// Returns when a clock has run out, or nil when the task is cancelled first.
    func expiry() async -> Expiry? {
        while true {
            let now = clock.now
            guard now < end else { return .timedOut }
            let silenceEnd = silenceEnd.withLock { $0 }
            if let silenceEnd, now >= silenceEnd { return .stalled }
            let wake = min(end, silenceEnd ?? now.advanced(by: idleCheck))
            do {
                // A deadline may have moved closer meanwhile, so never sleep past the next check.
                try await Task.sleep(until: min(wake, now.advanced(by: idleCheck)), clock: clock)
            } catch {
                return nil
            }
        }
    }
}
