import TestSupport
import Workflow

@testable import Providers

/// Runs a test with an `openai` model in front of a scripted server.
func withOpenAI<Value: Sendable>(
    _ script: ScriptedModelServer.Script? = nil, key: APIKey? = nil,
    configure: (inout OpenAIOptions) -> Void = { _ in },
    _ body: (OpenAIModel, ScriptedModelServer) async throws -> Value
) async throws -> Value {
    try await ScriptedModelServer.withServer { server in
        if let script { server.answerAlways(with: script) }
        var options = OpenAIOptions(baseURL: server.baseURL, apiKey: key)
        configure(&options)
        return try await withHTTPClient { client in
            try await body(OpenAIModel(options: options, httpClient: client, logger: quiet), server)
        }
    }
}
