import Base
import TestSupport
import Testing
import Workflow

@testable import Providers

/// Servers that know less than the service asks for, and what their errors say.
@Suite("Members that a server refuses", .limit(minutes: 2))
struct RefusedMemberTests {
    typealias Script = ScriptedModelServer.Script

    /// A decent server that answers 422 to requests with any of these members, as FastAPI does.
    private func strict(_ members: [String], one: Bool = false) -> Script {
        Script { request, reply in
            let found = members.filter { request.json?[$0] != nil }
            guard !found.isEmpty else { return try await Script.decent.run(request, reply) }
            let details = found.prefix(one ? 1 : found.count).map { member -> JSON in
                ["type": "extra_forbidden", "loc": ["body", .string(member)], "msg": "Extra inputs are not permitted"]
            }
            try await reply.answer(status: 422, headers: ["content-type": "application/json"], body: JSON.object(["detail": .array(details)]).text)
        }
    }

    private func keys(_ request: ScriptedModelServer.Request?) -> Set<String> { Set(request?.json?.object?.keys ?? []) }

    @Test("A member that the server names is left out, once for all calls of the model", arguments: [false, true])
    func named(oneAtATime: Bool) async throws {
        try await withOpenAI(strict(["seed", "stream_options"], one: oneAtATime)) { model, server in
            let response = try await model.answer()
            #expect(response.text.hasPrefix("A scripted answer"))
            #expect(server.requests.count == (oneAtATime ? 3 : 2))
            #expect(keys(server.requests.last).isDisjoint(with: ["seed", "stream_options"]))
            let before = server.requests.count
            _ = try await model.answer()
            #expect(server.requests.count == before + 1)
            // Another model may be another server behind a gateway.
            _ = try await model.answer(.sample(model: "other"))
            #expect(server.requests.count == before + (oneAtATime ? 4 : 3))
        }
    }

    @Test("A schema that is refused is left out of that call only", arguments: [
        #"{"error":{"message":"this response_format type is unavailable","type":"invalid_request_error"}}"#,
        #"{"error":{"message":"Invalid schema","type":"invalid_request_error","param":"response_format"}}"#, #"{"message":"json_schema is not supported"}"#,
    ])
    func schema(body: String) async throws {
        let script = Script { request, reply in
            guard request.json?["response_format"] != nil else { return try await Script.answering { _ in #"{"ranking": ["A"]}"# }.run(request, reply) }
            try await reply.answer(status: 400, headers: ["content-type": "application/json"], body: body)
        }
        try await withOpenAI(script) { model, server in
            for _ in 0..<2 {
                let response = try await model.answer(.sample(schema: .ballot))
                #expect(response.text == #"{"ranking": ["A"]}"#)
            }
            #expect(server.requests.map { keys($0).contains("response_format") } == [true, false, true, false])
            #expect(server.requests.allSatisfy { keys($0).contains("seed") })
        }
    }

    @Test("Anthropic's tools too")
    func tools() async throws {
        let body = #"{"type":"error","error":{"type":"invalid_request_error","message":"tool_choice: forced tool use is not supported by this model"}}"#
        let script = Script { request, reply in
            guard request.json?["tools"] != nil else { return try await Script.answering { _ in #"{"ranking": ["A"]}"# }.run(request, reply) }
            try await reply.answer(status: 400, headers: ["content-type": "application/json"], body: body)
        }
        try await withModel(.anthropic, script) { model, server in
            let response = try await model.answer(.sample(schema: .ballot))
            #expect(response.text == #"{"ranking": ["A"]}"#)
            #expect(server.requests.count == 2)
            #expect(keys(server.requests.last).isDisjoint(with: ["tools", "tool_choice"]))
        }
    }

    @Test("What the server names and the service did not add by itself is an error like any other", arguments: ["temperature", "max_tokens", "model"])
    func foreign(member: String) async throws {
        try await withOpenAI(.error(400, type: "invalid_request_error", message: "\(member) is wrong")) { model, server in
            var request = ModelRequest.sample()
            request.temperature = 1
            request.maxTokens = 5
            #expect(await model.failure(request)?.code == .invalidRequest)
            #expect(server.requests.count == 1)
        }
    }

    @Test("A server that refuses everything is not asked for ever")
    func always() async throws {
        try await withOpenAI(.error(422, message: "seed stream_options response_format")) { model, server in
            #expect(await model.failure(.sample(schema: .ballot))?.code == .invalidRequest)
            #expect(server.requests.count == 2)
        }
    }

    @Test("What the configuration omits is never sent", arguments: [ProviderConfiguration.Kind.openai, .anthropic])
    func omitted(kind: ProviderConfiguration.Kind) async throws {
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(with: .answering { _ in #"{"ranking": ["A"]}"# })
            var configuration = ProviderConfiguration(kind: kind)
            configuration.baseURL = server.baseURL
            configuration.omitted = Set(OptionalMember.all(of: kind))
            try await withHTTPClient { client in
                let registry = ProviderRegistry(["local": configuration], environment: [:], httpClient: client, logger: quiet)
                var request = ModelRequest.sample(schema: .ballot)
                request.temperature = 1
                _ = try await registry.model(for: request.model).answer(request)
            }
            let sent = try #require(server.requests.first)
            #expect(keys(sent) == (kind == .openai ? ["model", "messages", "stream"] : ["model", "messages", "stream", "max_tokens"]))
        }
    }

    @Test("Errors of every form tell their reason", arguments: [
        (#"{"detail":[{"loc":["body","messages",0,"role"],"msg":"field required"},{"loc":["body"],"msg":"no"}]}"#, "body.messages.0.role: field required; body: no"),
        (#"{"detail":"Not so."}"#, "Not so."), (#"{"error":"Bad Request","message":["a is wrong","b too"]}"#, "Bad Request: a is wrong; b too"),
        (#"[{"error":{"code":400,"message":"Unknown name","status":"INVALID_ARGUMENT"}}]"#, "Unknown name"), (#"{"errors":[{"message":"one"},"two"]}"#, "one; two"),
        (#"{"error":{"message":{"detail":"deep"}}}"#, "deep"), (#"{"title":"Invalid","detail":"It is.","status":400}"#, "Invalid: It is."),
        (#"{"object":"error","message":"too odd","type":"BadRequestError","code":400}"#, "too odd"), ("plain words", "plain words"),
        (#"{"error":{"message":"half \ud83d"}}"#, "half \u{FFFD}"),
    ])
    func reasons(body: String, reason: String) async throws {
        try await withOpenAI(.status(400, headers: ["content-type": "application/json"], body: body)) { model, _ in
            let error = try #require(await model.failure())
            #expect(error.code == .invalidRequest)
            #expect(error.message == "the provider answered 400: \(reason)")
        }
    }

    @Test("A model that still loads is waited for: with three attempts, about a minute", arguments: [
        (503, #"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#, 30.0), (503, #"{"error":"Model x is currently loading","estimated_time":20.5}"#, 20.5),
        (503, #"{"error":"Model x is currently loading","estimated_time":1e9}"#, 60), (500, #"{"error":"llm server loading model"}"#, 30),
    ])
    func loading(status: Int, body: String, seconds: Double) async throws {
        try await withOpenAI(.status(status, headers: ["content-type": "application/json"], body: body)) { model, _ in
            let error = try #require(await model.failure())
            #expect(error.code == .unavailable && error.isRetryable)
            let wait = try #require(error.retryAfter)
            #expect(wait == .seconds(seconds))
            let policy = RetryPolicy()
            let total = (1..<policy.maxAttempts).reduce(Duration.zero) { $0 + policy.delay(afterAttempt: $1, random: 0.5, requested: wait) }
            #expect(total >= .seconds(40) && total <= .seconds(120))
        }
        // What the server itself asks counts.
        try await withOpenAI(.status(status, headers: ["content-type": "application/json", "retry-after": "2"], body: body)) { model, _ in
            #expect(await model.failure()?.retryAfter == .seconds(2))
        }
    }
}
