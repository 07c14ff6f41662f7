import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("openai: errors", .timeLimit(.minutes(1)))
struct OpenAIErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let status: Int
        var code: JSON = .null
        var type: JSON = .null
        var message = "scripted"
        let expected: ProviderError.Code
        let isRetryable: Bool

        var testDescription: String { "\(status) \(code) \(type) \(message) → \(expected)" }
    }

    @Test("maps statuses and codes", arguments: [
        Case(status: 400, expected: .invalidRequest, isRetryable: false),
        Case(status: 400, code: "context_length_exceeded", expected: .contextLengthExceeded, isRetryable: false),
        Case(status: 400, type: "exceed_context_size_error", expected: .contextLengthExceeded, isRetryable: false),
        Case(
            status: 400, message: "This model's maximum context length is 4096 tokens.", expected: .contextLengthExceeded,
            isRetryable: false),
        Case(status: 400, code: "content_filter", expected: .refused, isRetryable: false),
        Case(status: 401, expected: .unauthorized, isRetryable: false),
        Case(status: 403, expected: .unauthorized, isRetryable: false),
        Case(status: 404, code: "model_not_found", expected: .notFound, isRetryable: false),
        Case(status: 408, expected: .timeout, isRetryable: true),
        Case(status: 413, expected: .invalidRequest, isRetryable: false),
        Case(status: 429, expected: .rateLimited, isRetryable: true),
        Case(status: 429, code: "insufficient_quota", expected: .quotaExceeded, isRetryable: false),
        Case(status: 500, expected: .unavailable, isRetryable: true),
        Case(status: 502, expected: .unavailable, isRetryable: true),
        Case(status: 503, message: "Loading model", expected: .unavailable, isRetryable: true),
        Case(status: 529, expected: .unavailable, isRetryable: true),
    ])
    func statuses(_ test: Case) async throws {
        let script = ScriptedModelServer.Script.error(test.status, code: test.code, type: test.type, message: test.message)
        try await withOpenAI(script) { model, server in
            let error = try #require(await model.failure())
            #expect(error.code == test.expected)
            #expect(error.isRetryable == test.isRetryable)
            #expect(error.message.contains(test.message))
            #expect(error.retryAfter == nil)
            #expect(server.requests.count == 1, "one call is one attempt")
        }
    }

    @Test("takes any body of an error", arguments: ["", "<html>Bad gateway</html>", "{", "[]", "{\"detail\":\"no\"}", "{\"error\":\"no\"}"])
    func bodies(body: String) async throws {
        try await withOpenAI(.status(502, body: body)) { model, _ in
            #expect(await model.failure()?.code == .unavailable)
        }
    }

    @Test("passes on how long to wait", arguments: [429, 503])
    func retryAfter(status: Int) async throws {
        try await withOpenAI(.error(status, headers: ["retry-after": "17"])) { model, _ in
            #expect(await model.failure()?.retryAfter == .seconds(17))
        }
    }

    @Test("does not follow redirects")
    func redirect() async throws {
        try await withOpenAI(.status(301, headers: ["location": "http://127.0.0.1:9/elsewhere"])) { model, server in
            let error = await model.failure()
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("/elsewhere") == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test("maps errors in the stream", arguments: [
        (#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#, .rateLimited),
        (#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#, .contextLengthExceeded),
        (#"{"error":{"message":"crashed","code":502}}"#, .unavailable),
        (#"{"error":{"message":"crashed","type":"server_error"}}"#, .unavailable),
        (#"{"error":"crashed"}"#, .unavailable),
        (#"not JSON"#, .invalidResponse),
    ] as [(String, ProviderError.Code)])
    func errorInStream(data: String, code: ProviderError.Code) async throws {
        try await withOpenAI(.events([ScriptedModelServer.chunk("One "), data, "[DONE]"])) { model, _ in
            let collector = TextCollector()
            await #expect { try await model.complete(.sample()) { collector.append($0) } } throws: {
                ($0 as? ProviderError)?.code == code
            }
            #expect(collector.text == "One ")
        }
    }

    @Test("tells a refusal from an answer", arguments: [
        [#"{"choices":[{"delta":{"refusal":"I will "}}]}"#, #"{"choices":[{"delta":{"refusal":"not."},"finish_reason":"stop"}]}"#, "[DONE]"],
        [ScriptedModelServer.chunk("Some "), ScriptedModelServer.chunk(finish: "content_filter"), "[DONE]"],
    ])
    func refusal(events: [String]) async throws {
        try await withOpenAI(.events(events)) { model, _ in
            let error = await model.failure()
            #expect(error?.code == .refused)
            #expect(error?.isRetryable == false)
        }
    }

    @Test("never shows the key, even when the server repeats it", arguments: [401, 500])
    func keyStaysHidden(status: Int) async throws {
        let key = try #require(APIKey(" sk-very-secret\n"))
        let script = ScriptedModelServer.Script.error(status, message: "Incorrect API key provided: sk-very-secret.")
        try await withOpenAI(script, key: key) { model, server in
            let error = try #require(await model.failure())
            #expect(!"\(error) \(error.message) \(String(reflecting: error))".contains("secret"))
            #expect(error.message.contains("Incorrect API key"))
            #expect(server.requests.first?.headers["authorization"] == "Bearer sk-very-secret")
        }
        var configuration = ProviderConfiguration.openai(baseURL: "http://127.0.0.1", apiKey: key)
        configuration.concurrency = 1
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration) \(String(reflecting: configuration)) \(dumped)".contains("secret"))
    }

    @Test("refuses a key that would break the header, without showing it")
    func unfitKey() async throws {
        try await withOpenAI(key: APIKey("sk-sec\nret")) { model, server in
            let error = try #require(await model.failure())
            #expect(error.code == .unauthorized)
            #expect(!error.message.contains("sec"))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("says when nothing listens there")
    func refusedConnection() async throws {
        let baseURL = try await ScriptedModelServer.withServer { $0.baseURL }
        try await withHTTPClient { client in
            let model = OpenAIModel(options: OpenAIOptions(baseURL: baseURL), httpClient: client, logger: quiet)
            let error = try #require(await model.failure())
            #expect(error.code == .unavailable)
            #expect(error.message.contains(baseURL))
        }
    }
}
