import Base
import Testing
import TestSupport
import Workflow

@testable import Providers

/// An implementation of `LanguageModel` as the conformance suite wants to see it: well, slow and broken.
struct ModelSubject: Sendable, CustomTestStringConvertible {
    enum Condition: Sendable {
        case well
        /// The first word comes at once, the next one not within this test.
        case slow
        /// Every call fails on the provider's side.
        case broken
    }

    typealias Body = @Sendable (any LanguageModel) async throws -> Void

    let testDescription: String
    let run: @Sendable (Condition, Body) async throws -> Void

    static let all = [rehearsal, openai, anthropic]

    static let rehearsal = ModelSubject(testDescription: "rehearsal") { condition, body in
        let options =
            switch condition {
            case .well: RehearsalOptions(tokensPerSecond: 0)
            case .slow: RehearsalOptions(tokensPerSecond: 0.001)
            case .broken: RehearsalOptions(tokensPerSecond: 0, failRate: 1)
            }
        try await body(RehearsalModel(options: options))
    }

    static let openai = ModelSubject(testDescription: "openai") { condition, body in
        try await ScriptedModelServer.withServer { server in
            switch condition {
            case .well: break
            case .slow: server.answerAlways(with: .stall(after: [ScriptedModelServer.chunk("Once ")]))
            case .broken: server.answerAlways(with: .error(503, message: "overloaded"))
            }
            try await withHTTPClient { client in
                let server = ModelServer(OpenAIDialect(), baseURL: server.baseURL)
                try await body(ServerModel(server: server, httpClient: client, logger: quiet))
            }
        }
    }

    static let anthropic = ModelSubject(testDescription: "anthropic") { condition, body in
        try await ScriptedModelServer.withServer { server in
            switch condition {
            case .well: break
            case .slow: server.answerAlways(with: .stall(after: [ScriptedModelServer.messageText("Once ")]))
            case .broken: server.answerAlways(with: .error(529, type: "overloaded_error", message: "Overloaded"))
            }
            try await withHTTPClient { client in
                let server = ModelServer(AnthropicDialect(), baseURL: server.baseURL)
                try await body(ServerModel(server: server, httpClient: client, logger: quiet))
            }
        }
    }
}
