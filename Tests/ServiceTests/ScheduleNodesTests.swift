import Base
import AsyncHTTPClient
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Workflow

/// Schedules over nodes that are killed: each time has one task, and each task comes to its end.
@Suite struct ScheduleNodesTests {
    private static let schedules = 5
    private static let rounds = 5

    @Test func eachTimeHasOneTaskWhoeverIsKilled() async throws {
        let seeded = Seed.generator("eachTimeHasOneTaskWhoeverIsKilled")
        let yaml = """
            processor: {lease_timeout: 1s, heartbeat: 100ms}
            schedules: {poll: 50ms}
            providers: {slow: {kind: rehearsal, tokens_per_second: 200, latency: 20ms}}
            """
        // The first is not killed; its stream is what the test follows.
        let witness = "processor: {concurrency: 0}\nschedules: {poll: 1m}"
        try await withNodes([witness, yaml, yaml, yaml], limit: .seconds(170)) { nodes in
            var generator = seeded
            try await nodes[0].publish(Definitions.draft("slow"))
            for number in 0..<Self.schedules { try await Self.addSchedule(nodes[0], topic: "\(number)") }
            var events = nodes[0].client.events(after: try await Self.cursor(of: nodes[0]), policy: .eager).makeAsyncIterator()
            var completed: Set<String> = []
            for round in 1...Self.rounds {
                for number in 0..<Self.schedules {
                    let delay = Double(generator.next(below: 300)) / 1_000
                    _ = try await nodes[0].sql(
                        """
                        UPDATE pressroom.schedules SET next_run_at = clock_timestamp() + make_interval(secs => \(delay))
                         WHERE input ->> 'topic' = \(String(number))
                        """)
                }
                let victim = nodes[1 + Int(generator.next(below: 3))]
                // The moment of the kill is what is random.
                try await generator.pause(1..<400)
                try await victim.kill()
                try await victim.start()
                while completed.count < Self.schedules * round {
                    let event = try #require(try await events.next())
                    guard event.name == "task_updated" else { continue }
                    let task = try JSON(parsing: event.data)["task"]
                    #expect(task?["status"] != "failed")
                    if task?["status"] == "completed", let id = task?["task_id"]?.string { completed.insert(id) }
                }
            }
            let expected = Self.schedules * Self.rounds
            #expect(try await nodes[0].number("SELECT count(*) FROM pressroom.tasks") == expected)
            #expect(try await nodes[0].number("SELECT count(DISTINCT idempotency_key) FROM pressroom.tasks") == expected)
            #expect(try await nodes[0].number("SELECT count(*) FROM pressroom.schedule_firings") == expected)
            #expect(
                try await nodes[0].number(
                    "SELECT count(*) FROM pressroom.schedules WHERE last_error IS NULL AND next_run_at > now()") == Self.schedules)
            try await EventAudit.check(nodes[0])
        }
    }

    private static func addSchedule(_ node: TestService, topic: String) async throws {
        var request = HTTPClientRequest(url: node.baseURL + "/api/v1/schedules")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        let body: JSON = ["workflow": "draft", "cron": "0 0 1 1 *", "input": ["topic": .string(topic)]]
        request.body = .bytes(body.utf8)
        let response = try await node.httpClient.execute(request, timeout: .seconds(10))
        #expect(response.status.code == 201)
        _ = try await response.body.collect(upTo: 1 << 20)
    }

    private static func cursor(of node: TestService) async throws -> String {
        let head = try await node.sql("SELECT epoch || '.' || position AS cursor FROM pressroom.stream_heads")
        return try head[0].decode("cursor")
    }
}
