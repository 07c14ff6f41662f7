import TestSupport
import Workflow

@testable import Providers

/// Runs a test with an `openai` model in front of a scripted server.
func withOpenAI<Value: Sendable>(
    _ script: ScriptedModelServer.Script? = nil, key: APIKey? = nil,
    configure: (inout OpenAIDialect) -> Void = { _ in },
    _ body: (ServerModel, ScriptedModelServer) async throws -> Value
) async throws -> Value {
    try await ScriptedModelServer.withServer { server in
        if let script { server.answerAlways(with: script) }
        var dialect = OpenAIDialect()
        configure(&dialect)
        let model = ModelServer(dialect, baseURL: server.baseURL, apiKey: key)
        return try await withHTTPClient { client in
            try await body(ServerModel(server: model, httpClient: client, logger: quiet), server)
        }
    }
}
