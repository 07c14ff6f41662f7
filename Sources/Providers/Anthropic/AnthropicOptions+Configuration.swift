import Workflow

extension AnthropicOptions {
    /// Reads what the server is told from a provider's configuration.
    ///
    /// - Throws: `invalid_request` when `base_url` is no address, `unauthorized` when the key's variable is not set.
    init(_ configuration: ProviderConfiguration, environment: [String: String]) throws(ProviderError) {
        self.init(
            baseURL: try configuration.usableBaseURL(otherwise: Self.defaultBaseURL),
            apiKey: try configuration.usableKey(environment))
        if let limit = configuration.maxTokens { maxTokens = limit }
        firstTokenTimeout = configuration.firstTokenTimeout
        stallTimeout = configuration.stallTimeout
    }
}
