import Testing

@testable import Workflow

@Suite struct RetryPolicyTests {
    @Test(arguments: [(1, 1.0), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (5_000, 60)])
    func growsExponentiallyUpToItsMaximum(_ attempt: Int, _ seconds: Double) {
        #expect(RetryPolicy().delay(afterAttempt: attempt, random: 0.5) == .seconds(seconds))
    }

    @Test func jitterSpreadsBothWays() {
        let policy = RetryPolicy(initial: .seconds(10), jitter: 0.2)
        #expect(policy.delay(afterAttempt: 1, random: 0) == .seconds(8))
        #expect(policy.delay(afterAttempt: 1, random: 0.5) == .seconds(10))
        #expect(policy.delay(afterAttempt: 1, random: 0.75) == .seconds(11))
        let full = RetryPolicy(initial: .seconds(10), jitter: 1)
        #expect(full.delay(afterAttempt: 1, random: 0) == .zero)
    }

    @Test(arguments: [0, 1, Int.max]) func extremesStayFinite(_ attempt: Int) {
        let policy = RetryPolicy(initial: .zero, factor: 100, max: DurationText.max, jitter: 1)
        #expect(policy.delay(afterAttempt: attempt, random: 0.999) == .zero)
        let long = RetryPolicy(initial: DurationText.max, factor: 100, max: DurationText.max, jitter: 1)
        #expect(long.delay(afterAttempt: attempt, random: 0.999) <= DurationText.max * 2)
    }

    @Test(arguments: [
        (nil, 4.0), (Duration.seconds(1), 4), (.seconds(30), 30), (.seconds(60), 60), (.seconds(86_400), 60), (.seconds(-5), 4),
    ] as [(Duration?, Double)])
    func whatAServerAsksCountsUpToTheMaximum(_ requested: Duration?, _ seconds: Double) {
        #expect(RetryPolicy().delay(afterAttempt: 3, random: 0.5, requested: requested) == .seconds(seconds))
    }

    @Test func stopsAtItsAttemptsAndCodes() {
        let policy = RetryPolicy(maxAttempts: 3, nonRetryable: ["refused"])
        #expect(policy.retries(code: "timeout", attempt: 1, of: policy.maxAttempts))
        #expect(policy.retries(code: "timeout", attempt: 2, of: policy.maxAttempts))
        #expect(!policy.retries(code: "timeout", attempt: 3, of: policy.maxAttempts))
        #expect(!policy.retries(code: "refused", attempt: 1, of: policy.maxAttempts))
        // An explicit retry has raised the step's limit.
        #expect(policy.retries(code: "timeout", attempt: 3, of: 6))
    }
}
