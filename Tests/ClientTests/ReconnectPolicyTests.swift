@testable import Client
import Testing

@Suite("Reconnect policy")
struct ReconnectPolicyTests {
    private let policy = ReconnectPolicy(initial: .seconds(1), max: .seconds(30), jitter: 0.5)

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (6, 30), (1_000_000, 30)])
    func doubles(failures: Int, seconds: Int) {
        #expect(policy.delay(failures: failures, serverRetry: nil, random: 0) == .seconds(seconds))
    }

    @Test("The server's wait is kept, and only ever made longer")
    func serverRetry() {
        #expect(policy.delay(failures: 0, serverRetry: .seconds(60), random: 0) == .seconds(60))
        #expect(policy.delay(failures: 3, serverRetry: .milliseconds(10), random: 0) == .milliseconds(40))
        #expect(policy.delay(failures: 0, serverRetry: .seconds(2), random: 0.5) == .milliseconds(2_500))
    }

    @Test("No wait overflows")
    func hugeRetry() {
        #expect(policy.delay(failures: 64, serverRetry: .seconds(86_400), random: 0) == .seconds(86_400))
    }
}
