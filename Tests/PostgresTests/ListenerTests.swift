import Postgres
import TestSupport
import Testing

@Suite("Listener")
struct ListenerTests {
    @Test func hearsItsChannels() async throws {
        try await withPostgresClient { client in
            let listener = PostgresListener(
                configuration: client.configuration, channels: ["one", "Two \"x\""],
                logger: try await PostgresServer.shared().logger
            )
            let running = Task { try await listener.run() }
            var notifications = listener.notifications.makeAsyncIterator()
            #expect(await notifications.next() == .connected)
            _ = try await client.query("SELECT pg_notify('other', 'x')")
            _ = try await client.query("SELECT pg_notify('one', '')")
            _ = try await client.query("SELECT pg_notify('Two \"x\"', 'é')")
            #expect(await notifications.next() == .received(channel: "one", payload: ""))
            #expect(await notifications.next() == .received(channel: "Two \"x\"", payload: "é"))
            running.cancel()
            _ = try? await running.value
            #expect(await notifications.next() == nil)
        }
    }

    @Test func aKilledConnectionIsReportedAndMadeAnew() async throws {
        try await withPostgresClient { client in
            var configuration = client.configuration
            configuration.applicationName = "the listener"
            let listener = PostgresListener(
                configuration: configuration, channels: ["one"], logger: try await PostgresServer.shared().logger
            )
            let running = Task { try await listener.run() }
            var notifications = listener.notifications.makeAsyncIterator()
            #expect(await notifications.next() == .connected)
            for number in 1...3 {
                _ = try await client.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'the listener'
                    """)
                #expect(await notifications.next() == .disconnected)
                #expect(await notifications.next() == .connected)
                _ = try await client.query("SELECT pg_notify('one', \(String(number)))")
                #expect(await notifications.next() == .received(channel: "one", payload: String(number)))
            }
            running.cancel()
            _ = try? await running.value
        }
    }

    @Test func anOverflowSaysThatSomethingWasMissed() async throws {
        try await withPostgresClient { client in
            let listener = PostgresListener(
                configuration: client.configuration, channels: ["many"], logger: try await PostgresServer.shared().logger
            )
            let running = Task { try await listener.run() }
            var notifications = listener.notifications.makeAsyncIterator()
            #expect(await notifications.next() == .connected)
            _ = try await client.query("SELECT pg_notify('many', n::text) FROM generate_series(1, 10000) n")
            var received = 0
            var announcements = 0
            var last = 0
            while last < 10_000, let next = await notifications.next() {
                switch next {
                case .connected: announcements += 1
                case .disconnected: Issue.record("the connection was lost")
                case .received(_, let payload):
                    #expect(Int(payload) ?? 0 > last)
                    last = Int(payload) ?? 0
                    received += 1
                }
            }
            // How many are lost depends on who is faster; that some are lost is never kept quiet.
            #expect(received == 10_000 || announcements > 0)
            running.cancel()
            _ = try? await running.value
        }
    }

    @Test func anImpossibleConfigurationThrows() async throws {
        let listener = PostgresListener(
            configuration: PostgresConfiguration(connectionString: "postgres://["), channels: ["x"],
            logger: try await PostgresServer.shared().logger
        )
        await #expect(throws: PostgresError.self) { try await listener.run() }
    }
}
