import Workflow

extension OpenAIOptions {
    /// Reads what the server is told from a provider's configuration.
    ///
    /// - Throws: `invalid_request` without a usable `base_url`, `unauthorized` when the key's variable is not set.
    init(_ configuration: ProviderConfiguration, environment: [String: String]) throws(ProviderError) {
        self.init(
            baseURL: try configuration.usableBaseURL(otherwise: nil), apiKey: try configuration.usableKey(environment))
        tokenLimitField = configuration.tokenLimitField
        firstTokenTimeout = configuration.firstTokenTimeout
        stallTimeout = configuration.stallTimeout
    }
}
