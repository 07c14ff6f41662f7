package import Workflow

/// How one provider is reached, under the name that stands before the slash in `provider/model`.
package struct ProviderConfiguration: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Any server that speaks Anthropic's messages.
        case anthropic
        /// Any server that speaks OpenAI's chat completions.
        case openai
        /// The built-in one, see ``RehearsalModel``.
        case rehearsal
    }

    package var kind: Kind
    /// The address before `/chat/completions` or `/messages`; `openai` needs one, `anthropic` has its own.
    package var baseURL: String?
    /// The key itself; it goes before `apiKeyEnv`.
    package var apiKey: APIKey?
    /// The environment variable that holds the key.
    package var apiKeyEnv: String?
    /// What models cost, by their names at the provider.
    package var prices: [String: TokenPrice] = [:]
    /// What may be asked of all its models together.
    package var limits = ModelLimits()
    /// What may be asked of one model, by its name behind the slash; its provider's limits hold too.
    package var modelLimits: [String: ModelLimits] = [:]
    /// For `openai`, see ``OpenAIOptions/tokenLimitField``.
    package var tokenLimitField = OpenAIOptions.TokenLimitField.maxTokens
    /// For `anthropic`, see ``AnthropicOptions/maxTokens``.
    package var maxTokens: Int?
    /// See ``OpenAIOptions/firstTokenTimeout``.
    package var firstTokenTimeout = Duration.seconds(120)
    /// See ``OpenAIOptions/stallTimeout``.
    package var stallTimeout = Duration.seconds(30)
    /// For `rehearsal`.
    package var rehearsal = RehearsalOptions()

    package init(kind: Kind) {
        self.kind = kind
    }

    package static func openai(
        baseURL: String, apiKey: APIKey? = nil, apiKeyEnv: String? = nil, concurrency: Int? = nil
    ) -> ProviderConfiguration {
        var configuration = ProviderConfiguration(kind: .openai)
        configuration.baseURL = baseURL
        configuration.apiKey = apiKey
        configuration.apiKeyEnv = apiKeyEnv
        configuration.limits.concurrency = concurrency
        return configuration
    }

    package static func anthropic(
        baseURL: String? = nil, apiKey: APIKey? = nil, apiKeyEnv: String? = nil, concurrency: Int? = nil
    ) -> ProviderConfiguration {
        var configuration = ProviderConfiguration(kind: .anthropic)
        configuration.baseURL = baseURL
        configuration.apiKey = apiKey
        configuration.apiKeyEnv = apiKeyEnv
        configuration.limits.concurrency = concurrency
        return configuration
    }

    package static func rehearsal(
        _ options: RehearsalOptions = RehearsalOptions(), concurrency: Int? = nil
    ) -> ProviderConfiguration {
        var configuration = ProviderConfiguration(kind: .rehearsal)
        configuration.rehearsal = options
        configuration.limits.concurrency = concurrency
        return configuration
    }
}

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

/// A provider's key, which no description, mirror or interpolation shows.
package struct APIKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The key itself, for the request header and nothing else.
    let secret: String

    /// Returns nil for a key of white space only.
    package init?(_ text: String) {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        guard !trimmed.isEmpty else { return nil }
        secret = String(trimmed)
    }

    package var description: String { "(hidden)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` with the key blotted out, for what a server sent back to us.
    func redacted(from text: String) -> String {
        text.replacing(secret, with: "(hidden)")
    }

    /// Whether the key can stand in a header at all (visible ASCII; RFC 9110, section 5.5).
    var fitsInHeader: Bool {
        secret.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
