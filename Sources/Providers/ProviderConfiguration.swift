/// How one provider is reached, under the name that stands before the slash in `provider/model`.
package struct ProviderConfiguration: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Any server that speaks OpenAI's chat completions.
        case openai
        /// The built-in one, see ``RehearsalModel``.
        case rehearsal
    }

    package var kind: Kind
    /// For `openai`, which needs it: the address before `/chat/completions`.
    package var baseURL: String?
    /// For `openai`: the key itself; it goes before `apiKeyEnv`.
    package var apiKey: APIKey?
    /// For `openai`: the environment variable that holds the key.
    package var apiKeyEnv: String?
    /// The most calls at a time, above 0; nil for no bound of its own.
    package var concurrency: Int?
    /// For `openai`, see ``OpenAIOptions/tokenLimitField``.
    package var tokenLimitField = OpenAIOptions.TokenLimitField.maxTokens
    /// For `openai`, see ``OpenAIOptions/firstTokenTimeout``.
    package var firstTokenTimeout = Duration.seconds(120)
    /// For `openai`, see ``OpenAIOptions/stallTimeout``.
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
        configuration.concurrency = concurrency
        return configuration
    }

    package static func rehearsal(
        _ options: RehearsalOptions = RehearsalOptions(), concurrency: Int? = nil
    ) -> ProviderConfiguration {
        var configuration = ProviderConfiguration(kind: .rehearsal)
        configuration.rehearsal = options
        configuration.concurrency = concurrency
        return configuration
    }
}
