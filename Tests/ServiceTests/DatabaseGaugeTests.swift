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
        configuration.acquireTimeout = .seconds(3_600)
        let client = PostgresClient(configuration: configuration, logger: Self.quiet)
        let gauges = gauges(client, interval: .milliseconds(1))
        for _ in 0..<3 {
            let samples = try await within(.seconds(300), "a scrape that does not wait for a connection") {
                await gauges.samples()
            }
            #expect(samples.count == 1 && !isUp(samples))
        }
        await client.shutdown()
    }

    /// A lock that nobody gives back: the statement hangs until its own timeout, and the scrape does not.
    @Test func aDatabaseThatHangsHoldsUpNoScrape() async throws {
        try await withPostgresClient(migrated: true) { client in
            let gauges = gauges(client, interval: .milliseconds(1))
            try await client.withTransaction { connection in
                _ = try await connection.query("LOCK TABLE pressroom.steps IN ACCESS EXCLUSIVE MODE")
                let samples = try await within(.seconds(300), "a scrape that does not wait for the lock") {
                    await gauges.samples()
                }
                #expect(!isUp(samples))
            }
            try await within(.seconds(30), "the database is asked again") {
                while !isUp(await gauges.samples()) { try await Task.sleep(for: .milliseconds(20)) }
            }
        }
    }
}
