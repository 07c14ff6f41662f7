import Broadcast
import Logging
import NIOPosix
import Postgres
import Store
import Telemetry
import TestSupport
import Testing

@testable import Service

@Suite struct DatabaseGaugeTests {
    private static let quiet = Logger(label: "gauge-tests") { _ in SwiftLogNoOpLogHandler() }

    private func gauges(_ client: PostgresClient, interval: Duration) -> DatabaseGauges {
        DatabaseGauges(
            store: Store(database: client), hub: Hub(group: MultiThreadedEventLoopGroup.singleton), interval: interval,
            logger: Self.quiet)
    }

    private func isUp(_ samples: [MetricSample]) -> Bool {
        samples.contains { $0.definition == .databaseUp && $0.value == .number(1) }
    }

    @Test func theDatabaseIsAskedOnceInAnInterval() async throws {
        try await withPostgresClient(migrated: true) { client in
            let patient = gauges(client, interval: .seconds(3_600))
            let samples = await patient.samples()
            #expect(isUp(samples))
            #expect(samples.contains { $0.definition == .logLag && $0.value == .number(0) })
            await client.shutdown()
            // Many scrapers at the same time: none of them asks a client that refuses.
            for _ in 0..<20 { #expect(isUp(await patient.samples())) }
            #expect(!isUp(await gauges(client, interval: .milliseconds(1)).samples()))
        }
    }

    @Test func aDatabaseThatIsAwayHoldsUpNoScrape() async throws {
        var configuration = PostgresConfiguration(connectionString: "host=/nonexistent user=nobody")
        configuration.acquireTimeout = .seconds(60)
        let client = PostgresClient(configuration: configuration, logger: Self.quiet)
        let gauges = gauges(client, interval: .milliseconds(1))
        for _ in 0..<3 {
            let start = ContinuousClock.now
            let samples = await gauges.samples()
            #expect(samples.count == 1 && !isUp(samples))
            #expect(start.duration(to: .now) < .seconds(10))
        }
        await client.shutdown()
    }

    /// A lock that nobody gives back: the statement hangs until its own timeout, and the scrape does not.
    @Test func aDatabaseThatHangsHoldsUpNoScrape() async throws {
        try await withPostgresClient(migrated: true) { client in
            let gauges = gauges(client, interval: .milliseconds(1))
            try await client.withTransaction { connection in
                _ = try await connection.query("LOCK TABLE pressroom.steps IN ACCESS EXCLUSIVE MODE")
                let start = ContinuousClock.now
                #expect(!isUp(await gauges.samples()))
                #expect(start.duration(to: .now) < .seconds(10))
            }
            try await within(.seconds(30), "the database is asked again") {
                while !isUp(await gauges.samples()) { try await Task.sleep(for: .milliseconds(20)) }
            }
        }
    }
}
