import Base
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("anthropic: requests and answers", .limit(minutes: 2))
struct AnthropicModelTests {
    private func withAnthropic<Value: Sendable>(
        _ script: ScriptedModelServer.Script? = nil, key: APIKey? = nil,
        configure: (inout AnthropicDialect) -> Void = { _ in },
        _ body: (ServerModel, ScriptedModelServer) async throws -> Value
    ) async throws -> Value {
        try await ScriptedModelServer.withServer { server in
            if let script { server.answerAlways(with: script) }
            var dialect = AnthropicDialect()
            configure(&dialect)
            let model = ModelServer(dialect, baseURL: server.baseURL, apiKey: key)
            return try await withHTTPClient { client in
                try await body(ServerModel(server: model, httpClient: client, logger: quiet), server)
            }
        }
    }

    @Test("sends what the messages API asks for")
    func requestBody() async throws {
        try await withAnthropic(key: APIKey("sk-secret")) { model, server in
            var request = ModelRequest.sample("Hello", system: "Be brief.", model: "claude-sonnet")
            request.temperature = 1.5
            request.maxTokens = 200
            _ = try await model.answer(request)
            let sent = try #require(server.requests.first)
            #expect(sent.method == "POST")
            #expect(sent.path == "/v1/messages")
            #expect(sent.headers["content-type"] == "application/json")
            #expect(sent.headers["x-api-key"] == "sk-secret")
            #expect(sent.headers["authorization"] == nil)
            #expect(sent.headers["anthropic-version"] == "2023-06-01")
            #expect(sent.headers["traceparent"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
            #expect(
                sent.json == [
                    "model": "claude-sonnet", "stream": true, "temperature": 1, "max_tokens": 200, "system": "Be brief.",
                    "messages": [["role": "user", "content": "Hello"]],
                ])
        }
    }

    @Test("names a limit of its own where the agent names none")
    func bareRequest() async throws {
        try await withAnthropic { model, server in
            _ = try await model.answer()
            let sent = try #require(server.requests.first)
            #expect(sent.headers["x-api-key"] == nil)
            let keys = try #require(sent.json?.object).keys.sorted()
            #expect(keys == ["max_tokens", "messages", "model", "stream"])
            #expect(sent.json?["max_tokens"] == 4_096)
        }
        try await withAnthropic(configure: { $0.maxTokens = 77 }) { model, server in
            _ = try await model.answer()
            #expect(server.requests.first?.json?["max_tokens"] == 77)
        }
    }

    @Test("asks for a schema as the input of a tool that must be called")
    func schema() async throws {
        try await withAnthropic { model, server in
            let response = try await model.answer(.sample(schema: .ballot))
            #expect(response.finishReason == .stop)
            let sent = try #require(server.requests.first?.json)
            #expect(sent["tool_choice"] == ["type": "tool", "name": "ballot", "disable_parallel_tool_use": true])
            #expect(sent["tools"]?.array?.count == 1)
            #expect(sent["tools"]?[0]?["name"] == "ballot")
            #expect(sent["tools"]?[0]?["input_schema"] == ResponseSchema.ballot.schema)
        }
    }

    @Test("takes text, usage, model and reason from the stream, and nothing else")
    func stream() async throws {
        let events = [
            #"{"type":"message_start","message":{"model":"claude-sonnet-4-5","usage":{"input_tokens":11,"cache_creation_input_tokens":3,"cache_read_input_tokens":6,"output_tokens":1}}}"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
            #"{"type":"ping"}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#,
            #"{"type":"content_block_stop","index":0}"#,
            #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"One "}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"two"}}"#,
            #"{"type":"content_block_stop","index":1}"#, #"{"type":"something_new","text":"no"}"#,
            #"{"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":15}}"#,
            #"{"type":"message_stop"}"#,
        ]
        try await withAnthropic(.events(events)) { model, _ in
            let collector = TextCollector()
            let response = try await model.complete(.sample()) { collector.append($0) }
            #expect(
                response
                    == ModelResponse(
                        text: "One two", usage: Usage(promptTokens: 20, completionTokens: 15), finishReason: .length,
                        model: "claude-sonnet-4-5"))
            #expect(collector.pieces == ["One ", "two"])
        }
    }

    @Test("understands a server that does not stream", arguments: [true, false])
    func wholeDocument(isStructured: Bool) async throws {
        let block: JSON =
            isStructured
            ? ["type": "tool_use", "id": "t", "name": "ballot", "input": ["ranking": ["A"]]] : ["type": "text", "text": "All at once."]
        let body: JSON = [
            "type": "message", "model": "plain", "content": [block], "stop_reason": "end_turn",
            "usage": ["input_tokens": 3, "output_tokens": 4],
        ]
        let script = ScriptedModelServer.Script.status(200, headers: ["content-type": "application/json"], body: body.text)
        try await withAnthropic(script) { model, _ in
            let collector = TextCollector()
            let response = try await model.complete(.sample(schema: isStructured ? .ballot : nil)) { collector.append($0) }
            #expect(response.text == (isStructured ? #"{"ranking":["A"]}"# : "All at once."))
            #expect(collector.text == response.text)
            #expect(response.usage.totalTokens == 7)
        }
    }

    @Test("reads a stream in pieces of one byte, across characters")
    func singleBytes() async throws {
        let stream = [
            ScriptedModelServer.messageText("Käse 🧀 "), ScriptedModelServer.messageText("日本"), ScriptedModelServer.messageStop(),
            #"{"type":"message_stop"}"#,
        ].map { "event: x\r\ndata: \($0)\r\n\r\n" }.joined()
        let script = ScriptedModelServer.Script { _, reply in
            try await reply.start()
            for byte in stream.utf8 { try await reply.send([byte]) }
            try await reply.finish()
        }
        try await withAnthropic(script) { model, _ in
            let response = try await model.answer()
            #expect(response.text == "Käse 🧀 日本")
        }
    }

    @Test("tells a refusal from an answer")
    func refusal() async throws {
        let events = [ScriptedModelServer.messageText("I "), ScriptedModelServer.messageStop("refusal"), #"{"type":"message_stop"}"#]
        try await withAnthropic(.events(events)) { model, _ in
            let error = await model.failure()
            #expect(error?.code == .refused)
            #expect(error?.isRetryable == false)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let status: Int
        let type: String
        var message = "scripted"
        let expected: ProviderError.Code
        let isRetryable: Bool

        var testDescription: String { "\(status) \(type) → \(expected)" }
    }

    @Test("maps statuses and types", arguments: [
        Case(status: 400, type: "invalid_request_error", expected: .invalidRequest, isRetryable: false),
        Case(
            status: 400, type: "invalid_request_error", message: "prompt is too long: 208310 tokens > 200000 maximum",
            expected: .contextLengthExceeded, isRetryable: false),
        Case(
            status: 400, type: "invalid_request_error", message: "Your credit balance is too low to access the API.",
            expected: .quotaExceeded, isRetryable: false),
        Case(status: 401, type: "authentication_error", expected: .unauthorized, isRetryable: false),
        Case(status: 402, type: "billing_error", expected: .quotaExceeded, isRetryable: false),
        Case(status: 403, type: "permission_error", expected: .unauthorized, isRetryable: false),
        Case(status: 404, type: "not_found_error", expected: .notFound, isRetryable: false),
        Case(status: 413, type: "request_too_large", expected: .invalidRequest, isRetryable: false),
        Case(status: 429, type: "rate_limit_error", expected: .rateLimited, isRetryable: true),
        Case(status: 500, type: "api_error", expected: .unavailable, isRetryable: true),
        Case(status: 504, type: "timeout_error", expected: .unavailable, isRetryable: true),
        Case(status: 529, type: "overloaded_error", expected: .unavailable, isRetryable: true),
    ])
    func statuses(_ test: Case) async throws {
        let body: JSON = ["type": "error", "error": ["type": .string(test.type), "message": .string(test.message)], "request_id": "r"]
        try await withAnthropic(.status(test.status, headers: ["content-type": "application/json"], body: body.text)) { model, server in
            let error = try #require(await model.failure())
            #expect(error.code == test.expected)
            #expect(error.isRetryable == test.isRetryable)
            #expect(error.message.contains(test.message))
            #expect(server.requests.count == 1, "one call is one attempt")
        }
    }

    @Test("maps errors in the stream", arguments: [
        ("overloaded_error", .unavailable), ("rate_limit_error", .rateLimited), ("api_error", .unavailable),
        ("invalid_request_error", .invalidRequest), ("authentication_error", .unauthorized), ("not_found_error", .notFound),
    ] as [(String, ProviderError.Code)])
    func errorInStream(type: String, code: ProviderError.Code) async throws {
        let error = #"{"type":"error","error":{"type":"\#(type)","message":"Sorry"}}"#
        try await withAnthropic(.events([ScriptedModelServer.messageText("One "), error])) { model, _ in
            let failure = try #require(await model.failure())
            #expect(failure.code == code)
            #expect(failure.message.contains("Sorry"))
        }
    }
}
