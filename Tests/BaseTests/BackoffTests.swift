import Base
import Testing

@Suite("Back-off")
struct BackoffTests {
    @Test func growsToItsMaximumAndBeginsAgain() {
        var backoff = Backoff(initial: .milliseconds(50), max: .seconds(1), jitter: 1...1)
        let waits = [50, 100, 200, 400, 800, 1_000, 1_000].map { Duration.milliseconds($0) }
        #expect(waits.map { _ in backoff.next() } == waits)
        #expect(backoff.failures == 7)
        backoff.reset()
        #expect(backoff.next() == .milliseconds(50))
    }

    @Test(arguments: [(Int.min, 1), (0, 1), (1, 1), (2, 2), (3, 4), (6, 30), (1_000_000, 30), (.max, 30)])
    func dependsOnTheNumberOfFailures(failures: Int, seconds: Int) {
        let backoff = Backoff(initial: .seconds(1), max: .seconds(30), jitter: 1...1)
        #expect(backoff.delay(afterFailures: failures) == .seconds(seconds))
    }

    @Test func jitterLiesBetweenItsBounds() {
        let spread = Backoff(initial: .seconds(10), max: .seconds(60), jitter: 0.8...1.2)
        #expect(spread.delay(afterFailures: 1, random: 0) == .seconds(8))
        #expect(spread.delay(afterFailures: 1, random: 0.5) == .seconds(10))
        #expect(spread.delay(afterFailures: 1, random: 0.75) == .seconds(11))
        let shortening = Backoff(initial: .seconds(1), max: .seconds(1))
        for _ in 0..<100 { #expect((.milliseconds(500)...Duration.seconds(1)).contains(shortening.delay(afterFailures: 3))) }
    }

    @Test(arguments: [Int.min, 0, 1, 64, .max], [0, 1, 100, Double.infinity, .nan])
    func extremesNeverTrap(failures: Int, factor: Double) {
        for initial in [Duration.seconds(Int64.max), .nanoseconds(1), .zero, .seconds(-5)] {
            for jitter in [0.0...2, 0...(.infinity), 1...1] {
                let backoff = Backoff(initial: initial, factor: factor, max: .seconds(Int64.max), jitter: jitter)
                let wait = backoff.delay(afterFailures: failures, random: 0.999)
                #expect(wait >= .zero)
                if initial <= .zero { #expect(wait == .zero) }
            }
        }
    }
}
