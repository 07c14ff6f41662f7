import NIOHTTP1

/// What one `openai` provider is told about its server.
package struct OpenAIOptions: Sendable, Equatable {
    /// The member of the request that carries the most tokens to answer with.
    package enum TokenLimitField: String, Sendable, CaseIterable {
        /// What nearly every server understands.
        case maxTokens = "max_tokens"
        /// What OpenAI's reasoning models ask for instead.
        case maxCompletionTokens = "max_completion_tokens"
    }

    /// The address before `/chat/completions` and `/models`, such as `https://api.openai.com/v1`.
    package var baseURL: String
    package var apiKey: APIKey?
    package var tokenLimitField = TokenLimitField.maxTokens
    /// How long the server may be silent before the first piece of text: a long prompt, or a model that thinks.
    package var firstTokenTimeout = Duration.seconds(120)
    /// How long the server may be silent in the middle of its answer.
    package var stallTimeout = Duration.seconds(30)
    /// The most bytes of one response, above 0.
    package var maxResponseBytes = 8 << 20

    package init(baseURL: String, apiKey: APIKey? = nil) {
        self.baseURL = baseURL
        self.apiKey = apiKey
    }
}

extension OpenAIOptions: ModelServer {
    var modelsPath: String { "/models" }

    func identify(in headers: inout HTTPHeaders, key: String?) {
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
    }
}
