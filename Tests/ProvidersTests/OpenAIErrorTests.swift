import Base
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("openai: errors", .limit(minutes: 2))
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
            #expect(error.retryAfter == (test.message == "Loading model" ? .seconds(30) : nil))
            #expect(server.requests.count == 1, "one call is one attempt")
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
}
