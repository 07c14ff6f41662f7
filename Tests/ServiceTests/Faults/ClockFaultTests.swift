import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// Nodes whose clocks are off by a minute. What counts is the database's clock.
@Suite struct ClockFaultTests {
    private static func yaml(_ server: ScriptedModelServer) -> String {
        """
        processor: {lease_timeout: 1500ms, heartbeat: 150ms}
        providers:
          slow: {kind: rehearsal, tokens_per_second: 400, latency: 50ms}
          shaky: {kind: openai, base_url: "\(server.baseURL)"}
        """
    }

    private static let definitions = [
        Definitions.editorial("slow"), Definitions.brief("slow"), Definitions.general("slow"),
        Definitions.draft("shaky", attributes: ", retry: {max_attempts: 12, initial: 200ms, factor: 1, jitter: 0}"),
    ]

    @Test func clocksAreOffByAMinute() async throws {
        try await ScriptedModelServer.withServer { server in
            // So that there are back-offs to look at.
            for _ in 0..<5 { server.enqueue(.error(500)) }
            try await run(server)
        }
    }

    private func run(_ server: ScriptedModelServer) async throws {
        let seeded = Seed.generator("clocksAreOffByAMinute")
        var setups: [ServiceSetup] = []
        for seconds in [-60, 0, 60] {
            let environment = try await ShiftedClock.environment(seconds: seconds)
            setups.append(ServiceSetup(yaml: Self.yaml(server), environment: environment))
        }
        try await withNodes(setups, limit: FaultTime.limit) { nodes in
            let begin = try await nodes[0].sql("SELECT now()::text")[0].decode(0, as: String.self)
            try await disturbed(nodes, Self.definitions, generator: seeded) { generator in
                let start = ContinuousClock.now
                while FaultTime.goesOn(since: start) { try await generator.pause(100..<500) }
            }
            try await Self.expectClocksAreOff(nodes)
            // Nobody lost a lease, and nobody took one that was held.
            #expect(try await nodes[0].number("SELECT count(*) FROM pressroom.steps WHERE attempt > max_attempts OR max_attempts NOT IN (3, 12)") == 0)
            #expect(!nodes.flatMap(\.logLines).contains { $0.contains("took over steps") })
            let returned = """
                SELECT count(*) FROM pressroom.events WHERE type = 'step_updated' AND payload -> 'step' ->> 'status' = 'pending'
                   AND (payload -> 'step' ->> 'attempt')::integer > 0
                """
            #expect(try await nodes[0].number(PostgresQuery(sql: returned)) == 0)
            try await Self.expectTimesOfTheDatabase(nodes[0], since: begin)
            try await Self.expectWaits(nodes[0])
        }
    }

    /// Or the test would prove nothing: ids are made by the nodes, with their own time in them.
    private static func expectClocksAreOff(_ nodes: [TestService]) async throws {
        let spread: Double = try await nodes[0].sql(
            """
            WITH made AS (
                SELECT ('x' || left(replace(task_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0
                       - extract(epoch FROM created_at) AS off FROM pressroom.tasks)
            SELECT (max(off) - min(off))::float8 FROM made
            """)[0].decode(0)
        #expect(spread > 55, "the clocks were not off")
    }

    private static func expectTimesOfTheDatabase(_ service: TestService, since begin: String) async throws {
        let columns = try await service.sql(
            """
            SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_schema = 'pressroom' AND table_type = 'BASE TABLE' AND data_type = 'timestamp with time zone'
               AND table_name IN ('tasks', 'phases', 'steps', 'outputs', 'output_versions', 'evaluations', 'rankings', 'signals',
                                  'events', 'processors', 'wakeups')
               -- What is planned may lie ahead, and the nodes began before the test did.
               AND column_name <> 'run_at' AND (table_name, column_name) <> ('processors', 'started_at')
            """)
        #expect(columns.count > 15)
        for column in columns {
            let (table, name): (String, String) = (try column.decode(0), try column.decode(1))
            let wrong = try await service.number(
                """
                SELECT count(*) FROM pressroom.\(identifier: table)
                 WHERE \(identifier: name) < \(begin)::timestamptz OR \(identifier: name) > now()
                """)
            #expect(wrong == 0, "\(table).\(name)")
        }
    }

    /// Timers and back-offs took as long as they should, by the database's clock.
    private static func expectWaits(_ service: TestService) async throws {
        let waits = try await service.sql(
            """
            SELECT extract(epoch FROM completed_at - created_at)::float8 FROM pressroom.steps WHERE kind = 'signal'
            """)
        #expect(waits.count > 0)
        for wait in waits {
            let seconds: Double = try wait.decode(0)
            #expect(seconds >= 0.3 && seconds < 30, "\(seconds)")
        }
        let retries = try await service.sql(
            """
            SELECT extract(epoch FROM (payload -> 'step' ->> 'run_at')::timestamptz
                           - (payload -> 'step' ->> 'updated_at')::timestamptz)::float8
              FROM pressroom.events WHERE type = 'step_updated' AND payload -> 'step' ->> 'status' = 'retrying'
            """)
        #expect(retries.count > 0)
        for retry in retries {
            let seconds: Double = try retry.decode(0)
            #expect(seconds > 0.15 && seconds < 0.25, "\(seconds)")
        }
    }
}
