import Synchronization

/// How often a tailer polls: seldom while it hears the other nodes' hints.
final class PollPace: Sendable {
    private let configuration: TailerConfiguration
    private let hearsHints = Atomic<Bool>(false)
    private let alarm = Alarm()

    init(_ configuration: TailerConfiguration) {
        self.configuration = configuration
    }

    var interval: Duration {
        hearsHints.load(ordering: .relaxed) ? configuration.hintedPollInterval : configuration.pollInterval
    }

    func hearsHints(_ hears: Bool) {
        hearsHints.store(hears, ordering: .relaxed)
        pollNow()
    }

    func pollNow() { alarm.ring() }

    func pause(for time: Duration) async { await alarm.pause(for: time) }
}
