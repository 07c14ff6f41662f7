import Foundation
import Postgres
import TestSupport
import Testing

/// What clients see of a server that goes away and comes back. One server, one after the other.
@Suite("Server restarts", .limit(minutes: 5))
struct RestartTests {
    @Test func clientsAndListenersSurvive() async throws {
        try await PostgresPrivateServer.with { server in
            let embedded = server.embedded()
            var configuration = try await embedded.start()
            configuration.acquireTimeout = .seconds(60)
            let client = PostgresClient(configuration: configuration, logger: server.logger)
            let listener = PostgresListener(configuration: configuration, channels: ["news"], logger: server.logger)
            let listening = Task { try await listener.run() }
            let supervising = Task { try await embedded.run() }
            var notifications = listener.notifications.makeAsyncIterator()
            #expect(await notifications.next() == .connected)
            _ = try await client.query("CREATE TABLE t (a int)")

            for signal in [SIGINT, SIGQUIT, SIGKILL] {
                try await work(client, through: { kill(server.processID ?? 0, signal) })
                // After the interruption listening starts again, and then hears what is sent.
                while await notifications.next() != .connected {}
                _ = try await client.query("SELECT pg_notify('news', \("after \(signal)"))")
                var heard = await notifications.next()
                while heard == .connected { heard = await notifications.next() }
                #expect(heard == .received(channel: "news", payload: "after \(signal)"))
            }

            listening.cancel()
            _ = try? await listening.value
            #expect(await notifications.next() == nil)
            await client.shutdown()
            supervising.cancel()
            try await supervising.value
            #expect(server.processID == nil)
        }
    }

    /// Workers insert numbers while the server goes away. Only what was in flight fails; every insert that was
    /// acknowledged is there, and afterwards everybody works again.
    private func work(_ client: PostgresClient, through interruption: @escaping @Sendable () -> Void) async throws {
        _ = try await client.query("TRUNCATE t")
        let acknowledged = try await withThrowingTaskGroup(of: [Int].self) { group in
            for worker in 0..<6 {
                group.addTask {
                    var done: [Int] = []
                    var failures = 0
                    for n in 0..<400 {
                        if worker == 0, n == 100 { interruption() }
                        do {
                            _ = try await client.query("INSERT INTO t VALUES (\(worker * 1000 + n))")
                            done.append(worker * 1000 + n)
                        } catch let error as PostgresError {
                            #expect(error.code == .connectionLost, "\(error)")
                            failures += 1
                        }
                    }
                    // Once for the interruption, and perhaps once more for a server that just came up and went.
                    #expect(failures <= 3)
                    return done
                }
            }
            return try await group.reduce(into: Set<Int>()) { $0.formUnion($1) }
        }
        let stored = Set(try await client.query("SELECT a FROM t").map { try $0.decode("a", as: Int.self) })
        #expect(acknowledged.isSubset(of: stored))
        #expect(acknowledged.count > 2000)
    }
}
