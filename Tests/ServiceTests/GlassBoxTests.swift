import Base
import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// What was asked, what came back, and what became of it: over retries, fallbacks and a `kill -9`.
@Suite struct GlassBoxTests {
    typealias Script = ScriptedModelServer.Script

    private static let retry = ", retry: {max_attempts: 8, initial: 10ms, factor: 1, max: 1s}"

    /// The bodies that calls have of a service, by what was sent.
    private func sentBodies(_ service: TestService, provider: String) async throws -> [String] {
        try await service.sql(
            """
            SELECT b.request FROM pressroom.calls c JOIN pressroom.call_bodies b ON b.tenant_id = c.tenant_id AND b.call_id = c.id
             WHERE c.provider = \(provider) ORDER BY c.id
            """
        ).map { try $0.decode("request") }
    }

    private func bodies(_ server: ScriptedModelServer) -> [String] {
        server.requests.map { String(decoding: $0.body, as: UTF8.self) }
    }

    @Test func everyRequestIsKeptByteForByte() async throws {
        try await ScriptedModelServer.withServer { broken in
            // One is asked again without the member that it refuses; the others are down in their ways.
            for script: Script in [
                .error(400, message: "unknown field: seed"), .error(503), .error(429), .cut(after: [ScriptedModelServer.chunk("Once ")]),
            ] { broken.enqueue(script) }
            try await ScriptedModelServer.withServer { sound in
                // Both are down at first, so that the step is tried again.
                sound.enqueue(.error(500, message: "down \u{1F408}"))
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
                          warm: {role: writer, model: [broken/first, sound/spare], system: "Say \\"é\\" and \\u2028."}
                          ada: {role: evaluator, model: sound/spare}
                        phases:
                          - {id: write, kind: write, agents: [warm], prompt: "Write a post on {{topic}}."\(Self.retry)}
                          - {id: judge, kind: evaluate, stage: final, agents: [ada], criteria: [{id: clarity}]\(Self.retry)}
                        """)
                    let task = try await service.startTask("spare", topic: "patience \u{1F408}\n\t\"quoted\"")
                    #expect(try await service.end(of: task) == "completed")
                    #expect(try await sentBodies(service, provider: "broken") == bodies(broken))
                    #expect(try await sentBodies(service, provider: "sound") == bodies(sound))
                    #expect(broken.requests.count == 3 && sound.requests.count == 3, "\(broken.requests.count) \(sound.requests.count)")

                    let calls = try await service.client.calls(task: task).items
                    #expect(calls.count == 6)
                    let attempts = try await service.client.attempts(task: task).items
                    #expect(
                        attempts.map { $0.json["status"]?.string } == ["completed", "completed", "failed"], "\(attempts.map(\.json.text))")
                    // The sum over the calls is what the task says.
                    let usage = try #require(try await service.client.task(task).document.json["usage"])
                    func sum(_ key: String) -> Double { calls.reduce(0) { $0 + ($1.document.json["usage"]?[key]?.double ?? 0) } }
                    for key in ["prompt_tokens", "completion_tokens"] { #expect(usage[key]?.double == sum(key), "\(key)") }
                    #expect(abs((usage["cost"]?.double ?? 0) - sum("cost")) < 1e-6)
                    // And so do the sums of the hours.
                    let hours = try await service.sql(
                        """
                        SELECT sum(prompt_tokens)::float8 AS prompt, sum(completion_tokens)::float8 AS completion, sum(cost) AS cost,
                               sum(calls)::integer AS calls
                          FROM pressroom.usage_between('default', now() - interval '1 hour', now() + interval '1 hour')
                        """)[0]
                    let summed: [Double] = [try hours.decode("prompt"), try hours.decode("completion"), try hours.decode("cost")]
                    #expect(summed[0] == usage["prompt_tokens"]?.double && summed[1] == usage["completion_tokens"]?.double)
                    #expect(abs(summed[2] - sum("cost")) < 1e-6)
                    #expect(try hours.decode("calls", as: Int.self) == calls.count)
                    // What came back, put together and as it came.
                    let last = try await service.client.callRecord(calls[0].id)
                    let answer = try JSON(parsing: try #require(last.response))
                    #expect(answer["content"]?.string?.contains("criteria_scores") == true, "\(answer)")
                    let failed = try #require(calls.last { $0.status == "failed" })
                    #expect(try await service.client.callRecord(failed.id).response?.contains("unknown field: seed") == true)
                    // The trace that was sent.
                    let spans = Set((broken.requests + sound.requests).compactMap { $0.headers["traceparent"]?.split(separator: "-") }.map { String($0[2]) })
                    #expect(Set(calls.compactMap { $0.document.json["span_id"]?.string }) == spans)
                    // Each is told once, in the order of the rows.
                    #expect(try await service.number("SELECT count(*) FROM pressroom.events WHERE type = 'call_recorded'") == 6)
                    #expect(try await service.number("SELECT count(*) FROM pressroom.events WHERE type = 'attempt_recorded'") == 3)
                    try await EventAudit.check(service)
                    try await Invariants.check(service)
                    try await checkCommandLine(service, task, calls[0].id)
                }
            }
        }
    }

    private func checkCommandLine(_ service: TestService, _ task: String, _ call: String) async throws {
        func pressroom(_ arguments: String...) async throws -> String {
            let child = try ChildProgram(
                PressroomBinary.path(), arguments, environment: ["PRESSROOM_URL": service.baseURL], directory: "/tmp")
            let status = try await within(.seconds(60), "pressroom \(arguments.joined(separator: " "))") { try await child.exit() }
            #expect(status == 0, "\(child.errors.text)")
            return child.output.text
        }
        let list = try await pressroom("call", "list", "--task", task)
        #expect(list.contains(#/broken\/first  +warm  +failed/#) && list.contains("sound/spare"), "\(list)")
        let some = try await pressroom("call", "list", "--task", task, "--status", "completed", "--model", "sound/spare", "--json")
        #expect(try JSON(parsing: some)["items"]?.array?.count == 2, "\(some)")
        let shown = try await pressroom("call", "show", call)
        #expect(shown.contains("REQUEST\n{") && shown.contains("RESPONSE\n{") && shown.contains("completed"), "\(shown)")
        let told = try await pressroom("task", "show", task)
        #expect(told.contains("6 in 3 attempts, 1 of them failed: pressroom call list --task \(task)"), "\(told)")
        let lines = try await pressroom("task", "logs", task)
        #expect(lines.contains("broken/first is down") && lines.contains("Attempt 1 failed (unavailable)"), "\(lines)")
    }

    @Test func whatAKilledNodeHadAskedBelongsToOneLostAttempt() async throws {
        try await ScriptedModelServer.withServer { server in
            let yaml = """
                processor: {lease_timeout: 1s}
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)"}
                """
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Definitions.draft("scripted"))
                let arrivals = (0..<3).map { _ in ScriptedModelServer.Signal() }
                for arrival in arrivals {
                    server.enqueue(
                        Script { _, reply in
                            arrival.fire()
                            try await reply.untilClosed()
                        })
                }
                let tasks = [
                    try await service.startTask("draft", topic: "one"), try await service.startTask("draft", topic: "two"),
                    try await service.startTask("draft", topic: "three"),
                ]
                for arrival in arrivals { await arrival.wait() }
                try await service.kill()
                try await service.start()
                for task in tasks { #expect(try await service.end(of: task) == "completed") }
                #expect(server.requests.count == 6)
                let rows = try await service.sql(
                    """
                    SELECT a.attempt, a.status, b.request FROM pressroom.attempts a
                      LEFT JOIN pressroom.calls c ON c.step_id = a.step_id AND c.attempt = a.attempt
                      LEFT JOIN pressroom.call_bodies b ON b.call_id = c.id ORDER BY a.step_id, a.attempt
                    """)
                let told = try rows.map { "\(try $0.decode("attempt", as: Int.self)) \(try $0.decode("status", as: String.self))" }
                #expect(told == ["1 lost", "2 completed", "1 lost", "2 completed", "1 lost", "2 completed"])
                // Each request without a row belongs to one lost attempt: the same prompt, asked once more.
                let kept = try rows.compactMap { try $0.decode("request", as: String?.self) }
                #expect(kept.count == 3)
                #expect(bodies(server).sorted() == (kept + kept).sorted())
                let rescues = try await service.number("SELECT count(*) FROM pressroom.logs WHERE metadata ->> 'code' = 'rescue'")
                #expect(rescues == 3)
                try await EventAudit.check(service)
                try await Invariants.check(service)
            }
        }
    }

    /// Thoughts, and what a judge says around its verdict, are in the bodies of calls and nowhere else.
    @Test(arguments: ["full", "metadata", "none"])
    func captureDecidesWhatIsKept(_ capture: String) async throws {
        let (thought, aside) = ("secretthought", "secretaside")
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(
                with: .answering { request in
                    guard let value = Script.decentValue(for: request) else { return "<think>\(thought)</think>A plain draft." }
                    return "\(aside) \(value.text) \(aside)"
                })
            let yaml = """
                calls: {capture: \(capture == "none" ? "full" : capture)}
                log_level: trace
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)"}
                """
            try await withService(ServiceSetup(yaml: yaml)) { service in
                // A workflow narrows what the service keeps.
                let own = capture == "none" ? "capture: none\n" : ""
                try await service.publish(own + Definitions.editorial("scripted"))
                let task = try await service.startTask("editorial")
                #expect(try await service.end(of: task) == "completed")
                let tables = try await service.sql(
                    "SELECT relname::text FROM pg_class WHERE relnamespace = 'pressroom'::regnamespace AND relkind = 'r'"
                ).map { try $0.decode("relname", as: String.self) }
                #expect(tables.contains("call_bodies"))
                for table in tables {
                    let found = try await service.number(
                        """
                        SELECT count(*) FROM pressroom.\(identifier: table) t
                         WHERE t::text LIKE \("%\(thought)%") OR t::text LIKE \("%\(aside)%")
                        """)
                    #expect((found > 0) == (capture == "full" && table == "call_bodies"), "\(table): \(found)")
                }
                for line in service.logLines { #expect(!line.contains(thought) && !line.contains(aside), "\(line)") }
                let calls = try await service.number("SELECT count(*) FROM pressroom.calls")
                #expect(calls == server.requests.count)
                let kept = try await service.number("SELECT count(*) FROM pressroom.call_bodies WHERE request_bytes > 100 AND response_bytes > 100")
                #expect(kept == (capture == "none" ? 0 : calls))
                #expect(try await service.number("SELECT count(*) FROM pressroom.call_bodies WHERE request IS NOT NULL") == (capture == "full" ? calls : 0))
                try await Invariants.check(service)
            }
        }
    }

    @Test func longBodiesAreCutAndSaySo() async throws {
        try await ScriptedModelServer.withServer { server in
            let yaml = """
                calls: {max_body_bytes: 1KiB}
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)", api_key: sk-verysecret}
                """
            server.answerAlways(with: .answering { _ in "sk-verysecret " + String(repeating: "é ", count: 1_000) })
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Definitions.draft("scripted"))
                let task = try await service.startTask("draft", topic: "sk-verysecret " + String(repeating: "é", count: 2_000))
                #expect(try await service.end(of: task) == "completed")
                let id = try #require(try await service.client.calls(task: task).items.first?.id)
                let call = try await service.client.callRecord(id)
                #expect(call.isRequestCut && call.isResponseCut)
                let (request, response) = (try #require(call.request), try #require(call.response))
                #expect((1_000...1_024).contains(request.utf8.count) && (1_000...1_024).contains(response.utf8.count))
                #expect(request.contains("(hidden)") && response.contains("(hidden)"))
                #expect(!request.contains("verysecret") && !response.contains("verysecret"))
                #expect(call.document.json["request_bytes"]?.int == server.requests[0].body.count)
            }
        }
    }

    @Test(arguments: ["continue", "retry", "fail"])
    func anAnswerThatIsCut(_ onCut: String) async throws {
        try await ScriptedModelServer.withServer { server in
            func cut(_ text: String) -> Script { .events([ScriptedModelServer.chunk(text), ScriptedModelServer.chunk(finish: "length"), "[DONE]"]) }
            server.enqueue(cut("It was a dark and "))
            server.enqueue(.events([ScriptedModelServer.chunk("stormy night."), ScriptedModelServer.chunk(finish: "stop"), "[DONE]"]))
            let yaml = "providers: {scripted: {kind: openai, base_url: \"\(server.baseURL)\"}}"
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Definitions.draft("scripted", attributes: ", on_cut: \(onCut)\(Self.retry)"))
                let task = try await service.startTask("draft")
                #expect(try await service.end(of: task) == (onCut == "fail" ? "failed" : "completed"))
                let state = try await service.client.taskState(task)
                let output = try #require(state.outputs.first)
                let attempts = try await service.client.attempts(task: task).items.map { $0.json["status"]?.string }
                switch onCut {
                case "continue":
                    #expect(output.content == "It was a dark and stormy night." && output.finishReason == "stop")
                    #expect(attempts == ["completed"])
                    let messages = try #require(server.requests[1].json?["messages"]?.array)
                    #expect(messages.suffix(2).map { $0["role"] } == ["assistant", "user"] && messages[messages.count - 2]["content"] == "It was a dark and ")
                case "retry":
                    #expect(output.content == "stormy night." && attempts == ["completed", "failed"])
                    #expect(try await service.client.attempts(task: task).items.last?.json["error"]?["code"] == "cut_off")
                default:
                    #expect(output.content == nil && attempts == ["failed"])
                    #expect(state.steps.first?.document.json["error"]?["code"] == "cut_off")
                }
                #expect(server.requests.count == (onCut == "fail" ? 1 : 2))
                try await Invariants.check(service)
            }
        }
    }

    /// Half a text that stays half one is kept, marked, and said in the log; its versions say it too.
    @Test func whatIsStillCutIsKeptAndMarked() async throws {
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(with: .events([ScriptedModelServer.chunk("On and "), ScriptedModelServer.chunk(finish: "length"), "[DONE]"]))
            let yaml = "providers: {scripted: {kind: openai, base_url: \"\(server.baseURL)\"}}"
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Definitions.draft("scripted"))
                let task = try await service.startTask("draft")
                #expect(try await service.end(of: task) == "completed")
                let rows = try await service.sql(
                    """
                    SELECT o.content, o.finish_reason, v.finish_reason AS of_version, l.message FROM pressroom.outputs o
                      JOIN pressroom.output_versions v ON v.output_id = o.id
                      JOIN pressroom.logs l ON l.task_id = o.task_id AND l.metadata ->> 'code' = 'cut'
                    """)
                #expect(rows.count == 1)
                #expect(try rows[0].decode("content", as: String.self) == "On and On and")
                #expect(try rows[0].decode("finish_reason", as: String.self) == "length")
                #expect(try rows[0].decode("of_version", as: String.self) == "length")
                #expect(server.requests.count == 2)
            }
        }
    }
}
