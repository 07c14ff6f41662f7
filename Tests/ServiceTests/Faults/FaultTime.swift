import Foundation

/// How long a fault test disturbs the nodes: `PRESSROOM_TEST_FAULT_SECONDS`, or some seconds.
enum FaultTime {
    static let seconds = ProcessInfo.processInfo.environment["PRESSROOM_TEST_FAULT_SECONDS"].flatMap { Int($0) } ?? 6

    /// What a test may take: the disturbance, its tasks' end afterwards, and the wait for a place to run.
    static var limit: Duration { .seconds(seconds + 240) }

    /// Whether there is time for another round.
    static func goesOn(since start: ContinuousClock.Instant) -> Bool {
        ContinuousClock.now - start < .seconds(seconds)
    }
}
