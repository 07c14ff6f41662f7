import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// Exactly one firing for each time, over many nodes, whatever happens to their sessions.
@Suite("Schedulers of several nodes", .limit(minutes: 5))
struct SchedulerNodesTests {
    private static let schedules = 8
    private static let nodes = 3
    private static let rounds = 3

    @Test("Each time is one node's", arguments: [false, true])
    func oneTaskEach(cutsConnections: Bool) async throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        print("oneTaskEach(cutsConnections: \(cutsConnections)): seed \(seed)")
        try await withNewsroom { newsroom in
            var generator = SeededGenerator(seed: seed)
            _ = try await newsroom.publish(Newsroom.pipeline)
            var added: [UUID] = []
            for _ in 0..<Self.schedules { added.append(try await newsroom.addSchedule()) }
            let ids = added
            let name = try await newsroom.text("SELECT current_database()")
            let server = try await PostgresServer.shared()
            var configuration = server.configuration.connecting(toDatabase: name)
            configuration.maxConnections = 2
            configuration.applicationName = "scheduler"
            let clients = (0..<Self.nodes).map { _ in PostgresClient(configuration: configuration, logger: server.logger) }

            for round in 1...Self.rounds {
                for id in ids { try await newsroom.makeDue(id, secondsAgo: Double(generator.next(below: 50))) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in clients {
                        let seed = generator.next()
                        group.addTask { try await Self.fire(Newsroom(client: client, logger: server.logger), newsroom, seed) }
                    }
                    if cutsConnections {
                        let seed = generator.next()
                        group.addTask { try await Self.cut(newsroom, seed) }
                    }
                    try await group.waitForAll()
                }
                let fired = Self.schedules * round
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == fired, "seed \(seed)")
                #expect(try await newsroom.count("SELECT count(DISTINCT idempotency_key) FROM pressroom.tasks") == fired)
                #expect(
                    try await newsroom.count(
                        """
                        SELECT count(*) FROM pressroom.schedule_firings f JOIN pressroom.tasks t USING (tenant_id, task_id)
                         WHERE t.run_at = f.due_at
                        """) == fired, "seed \(seed)")
                #expect(
                    try await newsroom.count(
                        """
                        SELECT count(*) FROM pressroom.schedules s JOIN pressroom.tasks t
                               ON t.task_id = s.last_task_id AND t.idempotency_key LIKE 'schedule:' || s.id || ':%'
                         WHERE s.next_run_at > now() AND s.last_error IS NULL
                        """) == Self.schedules, "seed \(seed)")
            }
            // Each task is whole: with its phases, its wake-up and its events.
            let tasks = Self.schedules * Self.rounds
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.phases") == tasks)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.wakeups") == tasks)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.events WHERE type = 'task_updated'") == tasks)
            for client in clients { await client.shutdown() }
        }
    }

    /// A node that looks again and again until nothing is due, whatever happens to its connections.
    private static func fire(_ node: Newsroom, _ newsroom: Newsroom, _ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let scheduler = node.scheduler()
        repeat {
            for _ in 0..<generator.next(below: 4) { await Task.yield() }
            _ = try? await scheduler.fireDue()
        } while try await newsroom.count("SELECT count(*) FROM pressroom.schedules WHERE next_run_at <= now()") > 0
    }

    /// Ends some sessions of the nodes at random moments.
    private static func cut(_ newsroom: Newsroom, _ seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<8 {
            // The moment is what is random.
            try await Task.sleep(for: .microseconds(200 + Int(generator.next(below: 12_000))))
            _ = try await newsroom.client.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'scheduler' ORDER BY random() LIMIT 1
                """)
        }
    }
}
