import NIOHTTP1

/// What one `anthropic` provider is told about its server.
package struct AnthropicOptions: Sendable, Equatable {
    package static let defaultBaseURL = "https://api.anthropic.com/v1"

    /// The address before `/messages` and `/models`.
    package var baseURL: String
    package var apiKey: APIKey?
    /// The most tokens to answer with where the agent names no number; the API wants one.
    package var maxTokens = 4_096
    /// How long the server may be silent before the first piece of text: a long prompt, or a model that thinks.
    package var firstTokenTimeout = Duration.seconds(120)
    /// How long the server may be silent in the middle of its answer.
    package var stallTimeout = Duration.seconds(30)
    /// The most bytes of one response, above 0.
    package var maxResponseBytes = 8 << 20

    package init(baseURL: String = Self.defaultBaseURL, apiKey: APIKey? = nil) {
        self.baseURL = baseURL
        self.apiKey = apiKey
    }
}

extension AnthropicOptions: ModelServer {
    /// The version of the API that is spoken.
    private static let version = "2023-06-01"

    // The longest page; all models are on it.
    var modelsPath: String { "/models?limit=1000" }

    func identify(in headers: inout HTTPHeaders, key: String?) {
        headers.add(name: "anthropic-version", value: Self.version)
        if let key { headers.add(name: "x-api-key", value: key) }
    }
}
