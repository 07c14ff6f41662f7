import Workflow

extension ProviderConfiguration {
    func usableBaseURL(otherwise standard: String?) throws(ProviderError) -> String {
        guard let url = baseURL ?? standard, url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ProviderError(code: .invalidRequest, message: "base_url must begin with http:// or https://")
        }
        return url
    }

    /// The key itself, or the one in its variable; nil when the configuration names neither.
    func usableKey(_ environment: [String: String]) throws(ProviderError) -> APIKey? {
        if let apiKey { return apiKey }
        guard let variable = apiKeyEnv else { return nil }
        guard let key = environment[variable].flatMap({ APIKey($0) }) else {
            throw ProviderError(
                code: .unauthorized, message: "the environment variable \(variable), which holds the key, is not set")
        }
        return key
    }
}
