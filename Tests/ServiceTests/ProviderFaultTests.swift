import Base
import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// A provider that misbehaves: what can be tried again is, what cannot is not, and nothing is made up.
@Suite struct ProviderFaultTests {
    typealias Script = ScriptedModelServer.Script

    private func withProvider(
        stallTimeout: String = "400ms",
        _ body: @escaping @Sendable (TestService, ScriptedModelServer) async throws -> Void
    ) async throws {
        try await ScriptedModelServer.withServer { server in
            let yaml = """
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)", stall_timeout: \(stallTimeout), first_token_timeout: 60s}
                """
            try await withService(ServiceSetup(yaml: yaml)) { try await body($0, server) }
        }
    }

    private static let retry = ", retry: {max_attempts: 8, initial: 10ms, factor: 1, max: 2s}"

    @Test func passingFaultsAreTriedAgain() async throws {
        try await withProvider { service, server in
            for script: Script in [
                .error(429, headers: ["retry-after": "1"]), .error(500), .error(503), .cut(after: [ScriptedModelServer.chunk("Once ")]),
                .stall(after: [ScriptedModelServer.chunk("Once upon ")]), .nonsense(),
            ] {
                server.enqueue(script)
            }
            try await service.publish(Definitions.draft("scripted", attributes: Self.retry))
            let task = try await service.startTask("draft", topic: "patience")
            #expect(try await service.end(of: task) == "completed")
            #expect(server.requests.count == 7)
            let state = try await service.client.taskState(task)
            #expect(state.outputs.first?.content?.hasPrefix("A scripted answer") == true)
            #expect(state.steps.first?.document.json["attempt"] == 7)
            try await EventAudit.check(service)
            // The wait that the provider asked for, by the database's clock.
            let retries = try await service.sql(
                """
                SELECT payload -> 'step' ->> 'run_at' AS run_at, payload -> 'step' ->> 'updated_at' AS failed_at,
                       payload -> 'step' -> 'error' ->> 'code' AS code
                  FROM pressroom.events WHERE type = 'step_updated' AND payload -> 'step' ->> 'status' = 'retrying' ORDER BY position
                """)
            let codes = try retries.map { try $0.decode("code", as: String.self) }
            #expect(codes.prefix(3) == ["rate_limited", "unavailable", "unavailable"], "\(codes)")
            let limited = try #require(retries.first)
            let runAt = try #require(Timestamp(rfc3339: try limited.decode("run_at"))).date
            let failedAt = try #require(Timestamp(rfc3339: try limited.decode("failed_at"))).date
            #expect(runAt.timeIntervalSince(failedAt) >= 0.99)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }

    /// One provider breaks off in the middle of a text; the agent's next model writes it anew, and the stream shows that.
    @Test func aModelThatIsDownIsReplaced() async throws {
        try await ScriptedModelServer.withServer { broken in
            broken.answerAlways(with: .cut(after: [ScriptedModelServer.chunk("Once upon ")]))
            try await ScriptedModelServer.withServer { sound in
                let yaml = """
                    providers:
                      broken: {kind: openai, base_url: "\(broken.baseURL)"}
                      sound: {kind: anthropic, base_url: "\(sound.baseURL)", prices: {spare: {input: 1000, output: 2000}}}
                    """
                try await withService(ServiceSetup(yaml: yaml)) { service in
                    try await service.publish(
                        """
                        name: spare
                        version: 1.0.0
                        agents:
                          warm: {role: writer, model: [broken/first, sound/spare]}
                        phases:
                          - {id: write, kind: write, agents: [warm], prompt: "Write a post on {{topic}}.", retry: {max_attempts: 1}}
                        """)
                    let task = try await service.startTask("spare", topic: "patience")
                    #expect(try await service.end(of: task) == "completed")
                    #expect(broken.requests.count == 1 && sound.requests.count == 1)
                    let state = try await service.client.taskState(task)
                    #expect(state.outputs.first?.content?.hasPrefix("A scripted answer to: Write a post on patience.") == true)
                    let usage = try #require(state.steps.first?.document.json["output"]?["usage"])
                    #expect(usage["models"] == ["sound/spare"])
                    let prompt = try #require(usage["prompt_tokens"]?.double)
                    let completion = try #require(usage["completion_tokens"]?.double)
                    let cost = try #require(usage["cost"]?.double)
                    #expect(abs(cost - (prompt + 2 * completion) / 1_000) < 1e-9)
                    #expect(state.outputs.first?.document.json["usage"] == usage)
                    #expect(state.task.document.json["usage"] == usage)
                    #expect(state.task.cost == cost)
                    try await EventAudit.check(service)
                    #expect(service.errorLines.isEmpty, "\(service.errorLines)")
                }
            }
        }
    }

    @Test func unreadableVerdictsBecomeFailedEvaluations() async throws {
        try await withProvider { service, server in
            let answers = [
                "", "I would say 9 of 10.", "{}", #"{"criteria_scores":{"clarity":99},"reasoning":"superb"}"#,
                #"{"criteria_scores":{"clarity":"9"},"reasoning":"a text"}"#, #"{"criteria_scores":{"clarity":8},"reas"#,
                #"{"criteria_scores":{"clarity":null},"reasoning":""}"#, #"{"criteria_scores":[8],"reasoning":""}"#,
            ]
            let turn = Counter()
            server.answerAlways(with: .answering { _ in answers[turn.next() % answers.count] })
            try await service.publish(
                Definitions.judged("scripted", attributes: ", retry: {max_attempts: 4, initial: 10ms, max: 20ms}"))
            let task = try await service.startTask("judged")
            #expect(try await service.end(of: task) == "completed")
            #expect(server.requests.count == 8)
            let state = try await service.client.taskState(task)
            for evaluation in state.evaluations.map(\.document.json) {
                let isBobs = evaluation["evaluator"]?["slug"] == "bob"
                #expect(evaluation["status"] == (isBobs ? "failed" : "completed"))
                #expect(evaluation["score"]?.isNull == isBobs)
                #expect(evaluation["criteria_scores"]?.isNull == isBobs)
                #expect(evaluation["weighted_score"]?.isNull == isBobs)
                if isBobs { #expect(evaluation["error"]?["code"] == "invalid_response") }
            }
            let ranking = try #require(state.rankings.first?.document.json)
            #expect(ranking["evaluations_failed"] == 2)
            #expect(ranking["evaluations_counted"] == 2)
            // Ada's scores alone.
            for entry in ranking["entries"]?.array ?? [] {
                let own = state.evaluations.map(\.document.json).first {
                    $0["output_id"] == entry["output_id"] && $0["status"] == "completed"
                }
                #expect(entry["avg_score"]?.double == own?["score"]?.double)
            }
            try await EventAudit.check(service)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }

    @Test func anUnreadableVerdictIsAskedForAgain() async throws {
        try await withProvider { service, server in
            server.enqueue(.answering { _ in "Nine out of ten!" })
            server.enqueue(.cut(after: [ScriptedModelServer.chunk(#"{"criteria_scores":"#)]))
            try await service.publish(
                Definitions.judged("scripted", attributes: ", retry: {max_attempts: 4, initial: 10ms, max: 20ms}"))
            let task = try await service.startTask("judged")
            #expect(try await service.end(of: task) == "completed")
            #expect(server.requests.count == 4)
            let state = try await service.client.taskState(task)
            #expect(state.evaluations.allSatisfy { $0.document.json["status"] == "completed" })
            #expect(state.rankings.first?.document.json["evaluations_failed"] == 0)
            // Structured answers are asked for as such.
            for request in server.requests {
                let format = try #require(request.json?["response_format"])
                #expect(format["type"] == "json_schema")
                // The reasons come before the scores.
                #expect(format["json_schema"]?["schema"]?["properties"]?.object?.keys == ["reasoning", "criteria_scores"])
            }
        }
    }

    @Test("sends the schema of an answer in the order of its author", arguments: ["openai", "anthropic"])
    func schemasKeepTheirOrder(kind: String) async throws {
        let schema =
            #"{"type":"object","required":["zone","by"],"properties":{"zone":{"type":"string"},"by":{"type":"integer"},"#
            + #""a_long_name":{"enum":[18446744073709551615]}}}"#
        try await ScriptedModelServer.withServer { server in
            let yaml = "providers:\n  scripted: {kind: \(kind), base_url: \"\(server.baseURL)\"}"
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(
                    """
                    name: ordered
                    version: 1.0.0
                    agents:
                      ada: {role: reader, model: scripted/m}
                    phases:
                      - {id: it, kind: agent, agents: [ada], prompt: Go., output: \(schema), retry: {max_attempts: 1}}
                    """)
                _ = try await service.end(of: try await service.startTask("ordered"))
                let body = String(decoding: try #require(server.requests.first).body, as: UTF8.self)
                #expect(body.contains(#""\#(kind == "openai" ? "schema" : "input_schema")":\#(schema)"#), "\(body)")
            }
        }
    }

    @Test(
        "does not try again what would fail again",
        arguments: [
            ("context_length_exceeded", Script.error(400, code: "context_length_exceeded")),
            ("refused", .events([#"{"choices":[{"delta":{"refusal":"I will not."},"finish_reason":"stop"}]}"#, "[DONE]"])),
            ("unauthorized", .error(401, code: "invalid_api_key")),
            ("not_found", .error(404, code: "model_not_found")),
        ])
    func finalFaultsAreNotTriedAgain(code: String, script: Script) async throws {
        try await withProvider { service, server in
            server.answerAlways(with: script)
            try await service.publish(Definitions.draft("scripted", attributes: Self.retry))
            let task = try await service.startTask("draft")
            #expect(try await service.end(of: task) == "failed")
            #expect(server.requests.count == 1)
            let state = try await service.client.taskState(task)
            #expect(state.steps.first?.document.json["error"]?["code"] == .string(code))
            #expect(state.outputs.first?.document.json["content"]?.isNull == true)
            try await EventAudit.check(service)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
            // Someone mends the provider and asks for another try.
            server.answerAlways(with: .decent)
            try await service.client.transitionTask(task, .retry)
            _ = try await service.event(of: task) { event in
                guard event.name == "task_updated" else { return false }
                return try JSON(parsing: event.data)["task"]?["status"] == "completed"
            }
            #expect(try await service.client.task(task).status == "completed")
            try await EventAudit.check(service)
        }
    }

    @Test(arguments: [TaskTransition.cancel, .pause])
    func transitionsDropARunningRequest(transition: TaskTransition) async throws {
        try await withProvider(stallTimeout: "60s") { service, server in
            let closed = ScriptedModelServer.Signal()
            server.enqueue(.stall(after: [ScriptedModelServer.chunk("Slowly ")], closed: closed))
            try await service.publish(Definitions.draft("scripted"))
            let task = try await service.startTask("draft")
            _ = try #require(try await service.event(of: task) { $0.name == "output_delta" })
            let start = ContinuousClock.now
            try await service.client.transitionTask(task, transition)
            try await within(.seconds(20), "the request to be dropped") { await closed.wait() }
            print("\(transition) dropped the request after \(ContinuousClock.now - start)")
            if transition == .pause {
                #expect(try await service.client.task(task).status == "paused")
                #expect(server.requests.count == 1)
                try await service.client.transitionTask(task, .resume)
                #expect(try await service.end(of: task) == "completed")
                #expect(server.requests.count == 2)
            } else {
                #expect(try await service.end(of: task) == "cancelled")
                #expect(server.requests.count == 1)
            }
            try await EventAudit.check(service)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }
}
