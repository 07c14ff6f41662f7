import AsyncHTTPClient
import TestSupport
import Testing
import Workflow

@testable import Providers

/// A way in which a server speaks, and the model in front of it, for tests that are the same for all of them.
struct Dialect: Sendable, CustomTestStringConvertible {
    /// What a test may want of a model's limits.
    struct Limits: Sendable {
        var firstTokenTimeout = Duration.seconds(120)
        var stallTimeout = Duration.seconds(30)
        var maxResponseBytes = 8 << 20
    }

    let testDescription: String
    /// The data of an event that adds a piece of text.
    let text: @Sendable (String) -> String
    /// The data of the event that says why the model stopped.
    let stop: String
    /// The data of the last event.
    let done: String
    /// The header that carries the key, and how the key `sk` stands in it.
    let keyHeader: (name: String, value: String)
    let model: @Sendable (String, APIKey?, Limits, HTTPClient) -> any LanguageModel

    var one: String { text("One ") }

    static let all = [openai, anthropic]

    static let openai = Dialect(
        testDescription: "openai", text: { ScriptedModelServer.chunk($0) }, stop: ScriptedModelServer.chunk(finish: "stop"),
        done: "[DONE]", keyHeader: ("authorization", "Bearer sk")
    ) { baseURL, key, limits, client in
        var server = ModelServer(OpenAIDialect(), baseURL: baseURL, apiKey: key)
        server.firstTokenTimeout = limits.firstTokenTimeout
        server.stallTimeout = limits.stallTimeout
        server.maxResponseBytes = limits.maxResponseBytes
        return ServerModel(server: server, httpClient: client, logger: quiet)
    }

    static let anthropic = Dialect(
        testDescription: "anthropic", text: { ScriptedModelServer.messageText($0) }, stop: ScriptedModelServer.messageStop(),
        done: #"{"type":"message_stop"}"#, keyHeader: ("x-api-key", "sk")
    ) { baseURL, key, limits, client in
        var server = ModelServer(AnthropicDialect(), baseURL: baseURL, apiKey: key)
        server.firstTokenTimeout = limits.firstTokenTimeout
        server.stallTimeout = limits.stallTimeout
        server.maxResponseBytes = limits.maxResponseBytes
        return ServerModel(server: server, httpClient: client, logger: quiet)
    }
}

/// Runs a test with a model in front of a scripted server.
func withModel<Value: Sendable>(
    _ dialect: Dialect, _ script: ScriptedModelServer.Script? = nil, key: APIKey? = nil,
    configure: (inout Dialect.Limits) -> Void = { _ in },
    _ body: (any LanguageModel, ScriptedModelServer) async throws -> Value
) async throws -> Value {
    try await ScriptedModelServer.withServer { server in
        if let script { server.answerAlways(with: script) }
        var limits = Dialect.Limits()
        configure(&limits)
        return try await withHTTPClient { client in
            try await body(dialect.model(server.baseURL, key, limits, client), server)
        }
    }
}
