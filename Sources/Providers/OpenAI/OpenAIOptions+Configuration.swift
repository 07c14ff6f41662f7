import Workflow

extension OpenAIOptions {
    /// Reads what the server is told from a provider's configuration.
    ///
    /// - Throws: `invalid_request` without a usable `base_url`, `unauthorized` when the key's variable is not set.
    init(_ configuration: ProviderConfiguration, environment: [String: String]) throws(ProviderError) {
        guard let baseURL = configuration.baseURL, baseURL.hasPrefix("http://") || baseURL.hasPrefix("https://") else {
            throw ProviderError(code: .invalidRequest, message: "base_url must begin with http:// or https://")
        }
        var key = configuration.apiKey
        if key == nil, let variable = configuration.apiKeyEnv {
            key = environment[variable].flatMap { APIKey($0) }
            guard key != nil else {
                throw ProviderError(
                    code: .unauthorized, message: "the environment variable \(variable), which holds the key, is not set")
            }
        }
        self.init(baseURL: baseURL, apiKey: key)
        tokenLimitField = configuration.tokenLimitField
        firstTokenTimeout = configuration.firstTokenTimeout
        stallTimeout = configuration.stallTimeout
    }
}
