import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Attempts and calls", .limit(minutes: 3))
struct AttemptTests {
    private static let agent = """
        name: ask
        version: 1.0.0
        agents:
          sage: {role: helper, model: [test/a, test/b]}
        phases:
          - {id: it, kind: agent, agents: [sage], prompt: "Say {{topic}}.", retry: {max_attempts: 2, initial: 1m}}
        """

    private func withBench(
        _ yaml: String = Self.agent, _ model: any LanguageModel = ScriptedModel { $0.soundAnswer }, _ body: (Workbench) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let services = StepServices(
                models: { _ in model }, web: ScriptedWebClient { _ in WebResponse(status: 200, body: Array("fine".utf8)) })
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            try await body(try await Workbench(newsroom, yaml, runner: runner))
        }
    }

    /// `1 failed unavailable, 2 completed`
    private func attempts(_ bench: Workbench) async throws -> String {
        try await bench.text(
            """
            SELECT string_agg(attempt || ' ' || status || coalesce(' ' || (error ->> 'code'), ''), ', ' ORDER BY step_id, attempt)
              FROM pressroom.attempts
             WHERE started_at <= ended_at AND processor_id IS NOT NULL AND phase_id = (SELECT id FROM pressroom.phases WHERE key = 'it')
            """)
    }

    /// `1.1 a failed, 1.2 b completed`
    private func calls(_ bench: Workbench) async throws -> String {
        try await bench.text(
            """
            SELECT string_agg(attempt || '.' || sequence || ' ' || coalesce(model_asked, provider, '') || ' ' || status, ', '
                              ORDER BY step_id, attempt, sequence) FROM pressroom.calls WHERE sent_at <= ended_at
            """)
    }

    @Test("A retry keeps the error of the attempt before, and each attempt its calls")
    func retried() async throws {
        let model = ScriptedModel { call throws(ProviderError) in
            // Both models are asked twice.
            if call.request.model.model == "a" || call.repetition <= 2 { throw ProviderError(code: .unavailable, message: "busy \0") }
            return "hello"
        }
        try await withBench(Self.agent, model) { bench in
            try await bench.finish()
            #expect(try await bench.status(of: "it") == "running")
            try await bench.passTime()
            try await bench.finish()
            #expect(try await bench.status(of: "it") == "completed")
            #expect(try await attempts(bench) == "1 failed unavailable, 2 completed")
            #expect(
                try await calls(bench)
                    == "1.1 test/a failed, 1.2 test/b failed, 2.1 test/a failed, 2.2 test/b completed")
            let call = try await bench.newsroom.json(
                "SELECT pressroom.call_json(c) FROM pressroom.calls c WHERE status = 'completed'")
            #expect(call["model_answered"] == "scripted" && call["finish_reason"] == "stop" && call["agent"] == "sage")
            #expect(
                call["usage"] == ["prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 0, "reasoning_tokens": 0, "cost": nil])
            #expect(call["first_token_at"]?.string != nil)
            #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.calls WHERE attempt = 1 AND sequence = 1") == "unavailable")
            let lines = try await bench.text("SELECT string_agg(metadata ->> 'code', ' ' ORDER BY id) FROM pressroom.logs")
            #expect(lines == "fallback retry fallback")
            let next = try await bench.newsroom.json("SELECT metadata FROM pressroom.logs WHERE metadata ->> 'code' = 'retry'")
            #expect(next["attempt"] == 1 && next["error_code"] == "unavailable" && next["next_run_at"]?.string.flatMap(Timestamp.init(rfc3339:)) != nil)
        }
    }

    @Test("A result that comes too late leaves its calls, and each run that was ended its attempt")
    func late() async throws {
        for action in [TaskAction.pause, .cancel] {
            try await withBench { bench in
                let step = try #require(try await bench.claim(of: "it").first)
                let late = try await bench.run(step)
                try await bench.act(action)
                #expect(try await attempts(bench) == "1 cancelled")
                #expect(try await calls(bench) == "")
                try await bench.commit(late)
                // The answer to the first commit was lost, and it is tried again.
                try await bench.commit(late)
                #expect(try await attempts(bench) == "1 cancelled")
                #expect(try await calls(bench) == "1.1 test/a completed")
            }
        }
    }

    @Test("The run of a node that is gone is lost; one that is handed back is cancelled")
    func lost() async throws {
        try await withBench { bench in
            let first = try #require(try await bench.claim(of: "it", as: UUIDv7.next()).first)
            try await bench.takeOver(first)
            let second = try #require(try await bench.claim(of: "it").first)
            try await bench.commit(FinishedStep(second, .handedBack))
            try await bench.finish()
            #expect(try await attempts(bench) == "1 lost, 2 cancelled, 3 completed")
            #expect(try await calls(bench) == "3.1 test/a completed")
            #expect(try await bench.text("SELECT metadata ->> 'code' FROM pressroom.logs") == "rescue")
        }
    }

    @Test("An operator who ends a run leaves its attempt too", arguments: [
        ("status = 'failed', error = '{\"code\": \"operator\"}'", "1 failed operator"), ("status = 'completed', output = '{}'", "1 completed"),
        ("status = 'pending', processor_id = NULL", "1 cancelled"), ("attempt = 2", "1 lost"), ("status = 'cancelled'", "1 cancelled"),
    ])
    func byHand(_ change: String, _ expected: String) async throws {
        try await withBench { bench in
            let step = try #require(try await bench.claim(of: "it").first)
            _ = try await bench.newsroom.client.query("UPDATE pressroom.steps SET priority = 3 WHERE id = \(step.id)")
            #expect(try await attempts(bench) == "")
            _ = try await bench.newsroom.client.query("UPDATE pressroom.steps SET \(raw: change) WHERE id = \(step.id)")
            #expect(try await attempts(bench) == expected)
            #expect(try await bench.count("SELECT count(*) FROM pressroom.events WHERE type = 'attempt_recorded'") == 1)
        }
    }

    @Test("What is recorded is never changed, and goes with its task only")
    func kept() async throws {
        try await withBench { bench in
            try await bench.finish()
            for change in [
                "UPDATE pressroom.attempts SET status = 'lost'", "UPDATE pressroom.calls SET error = '{}'", "DELETE FROM pressroom.calls",
                "UPDATE pressroom.steps SET attempt = 0", "DELETE FROM pressroom.call_bodies", "TRUNCATE pressroom.attempts", "UPDATE pressroom.call_bodies SET request = ''",
            ] {
                let error = await #expect(throws: PostgresError.self, "\(change)") {
                    _ = try await bench.newsroom.client.query(PostgresQuery(sql: change))
                }
                #expect(error?.sqlState == "23514", "\(change)")
            }
            try await bench.newsroom.store.deleteTask(bench.newsroom.scope, bench.taskID, ifVersion: nil)
            for table in ["attempts", "calls", "call_bodies"] {
                #expect(try await bench.count("SELECT count(*) FROM pressroom.\(identifier: table)") == 0, "\(table)")
            }
        }
    }

    @Test("A step that an operator makes run again, at the same attempt or without one, is taken over all the same")
    func runningByHand() async throws {
        try await withBench { bench in
            try await bench.advance()
            // No node has claimed it.
            _ = try await bench.newsroom.client.query("UPDATE pressroom.steps SET status = 'running', processor_id = gen_random_uuid()")
            let id: UUID = try await bench.newsroom.client.query("SELECT id FROM pressroom.steps")[0].decode(0)
            func takeOver(attempt: Int) async throws {
                let workflow = bench.workflow
                try await bench.newsroom.store.withTaskGraphs(bench.newsroom.scope, [bench.taskID]) { graphs in
                    var engine = TaskEngine(graphs[0], workflow)
                    engine.takeOver(id, attempt: attempt)
                    graphs[0] = engine.graph
                }
            }
            try await takeOver(attempt: 0)
            #expect(try await bench.text("SELECT status || attempt FROM pressroom.steps") == "pending0")
            #expect(try await attempts(bench) == "")
            let step = try #require(try await bench.claim(of: "it").first)
            try await bench.commit(FinishedStep(step, .failed(StepFailure(code: "refused", message: "no", isRetryable: false))))
            _ = try await bench.newsroom.client.query("UPDATE pressroom.phases SET status = 'running' WHERE key = 'it'")
            _ = try await bench.newsroom.client.query("UPDATE pressroom.tasks SET status = 'running'")
            _ = try await bench.newsroom.client.query("UPDATE pressroom.steps SET status = 'running', processor_id = gen_random_uuid()")
            try await takeOver(attempt: 1)
            try await bench.finish()
            #expect(try await attempts(bench) == "1 failed refused, 2 completed")
        }
    }

    @Test("A request of an http phase is kept without its secrets, and its answer without cookies")
    func http() async throws {
        try await withNewsroom { newsroom in
            let web = ScriptedWebClient { _ in
                WebResponse(
                    status: 200, headers: [WebHeader("x-echo", "s3cr3t"), WebHeader("set-cookie", "a=b")], body: Array("you said s3cr3t".utf8))
            }
            let services = StepServices(models: { _ in ScriptedModel { $0.soundAnswer } }, web: web, secrets: { _ in "s3cr3t" })
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            let bench = try await Workbench(
                newsroom,
                """
                name: send
                version: 1.0.0
                phases:
                  - {id: it, kind: http, method: POST, url: "https://a.example/x?k={{secret.KEY}}", body: {topic: "{{topic}}"}}
                """, runner: runner)
            try await bench.finish()
            #expect(try await calls(bench) == "1.1 a.example completed")
            let bodies = try await newsroom.client.query("SELECT request, response FROM pressroom.call_bodies")
            let request: String = try #require(bodies.first).decode("request")
            #expect(request.hasPrefix("POST https://a.example/x?k=(hidden)\n") && request.hasSuffix("\n\n{\"topic\":\"tests\"}"), "\(request)")
            #expect(try #require(bodies.first).decode("response", as: String.self) == "200\nx-echo: (hidden)\n\nyou said (hidden)")
            #expect(try await newsroom.text("SELECT kind || usage::text FROM pressroom.calls") == "http{}")
        }
    }

    @Test("Old bodies are removed, and the rows of their calls stay")
    func retention() async throws {
        try await withBench { bench in
            try await bench.finish()
            let store = bench.newsroom.store
            #expect(try await store.pruneCallBodies(olderThan: .seconds(60)) == 0)
            #expect(try await bench.count("SELECT count(*) FROM pressroom.call_bodies") == 1)
            #expect(try await store.pruneCallBodies(olderThan: .seconds(-60)) == 1)
            #expect(try await bench.count("SELECT count(*) FROM pressroom.call_bodies") == 0)
            #expect(try await bench.count("SELECT count(*) FROM pressroom.calls") == 1)
        }
    }

    @Test("A tenant's own retention counts for its bodies alone")
    func ownRetention() async throws {
        try await withNewsroom { newsroom in
            let store = newsroom.store
            _ = try await store.createTenant("other")
            // Ids of calls begin with the time at which they were sent: two hours ago.
            _ = try await newsroom.client.query(
                """
                INSERT INTO pressroom.call_bodies (tenant_id, call_id, request_bytes, response_bytes)
                SELECT tenant_id,
                       (lpad(to_hex((extract(epoch FROM now() - interval '2 hours') * 1000)::bigint), 12, '0')
                        || '70008000000000000001')::uuid, 1, 1
                  FROM pressroom.tenants
                """)
            func left() async throws -> String {
                try await newsroom.text("SELECT coalesce(string_agg(tenant_id, ' ' ORDER BY tenant_id), '') FROM pressroom.call_bodies")
            }
            #expect(try await store.pruneCallBodies(olderThan: .seconds(86_400)) == 0)
            let row = try await store.setTenantLimits("other", [.callsRetention: 3 * 3_600])
            #expect(row.string.contains("\"calls_retention\":10800") && row.string.contains("\"events_retention\":null"))
            #expect(try await left() == "default other")
            #expect(try await store.pruneCallBodies(olderThan: .seconds(60)) == 1)
            #expect(try await left() == "other")
            _ = try await store.setTenantLimits("other", [.callsRetention: 3_600])
            #expect(try await store.pruneCallBodies(olderThan: .seconds(86_400)) == 1)
            for seconds in [59, 315_360_001] {
                await #expect(throws: StoreError.self) { try await store.setTenantLimits("other", [.callsRetention: seconds]) }
            }
            let cleared = try await store.setTenantLimits("other", [.callsRetention: nil])
            #expect(cleared.string.contains("\"calls_retention\":null"))
        }
    }
}
