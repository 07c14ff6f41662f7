package import Workflow

/// How a provider is reached; its name is the part before the slash in `provider/model`.
package struct ProviderConfiguration: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A server with the API of Anthropic's messages.
        case anthropic
        /// A server with the API of OpenAI's chat completions.
        case openai
        /// The built-in model, see ``RehearsalModel``.
        case rehearsal
    }

    package var kind: Kind
    /// The tenants that may use it.
    package var grant = Grant.everyone
    /// The address before `/chat/completions` or `/messages`; `openai` needs one, `anthropic` has its own.
    package var baseURL: String?
    /// The key itself; overrides `apiKeyEnv`.
    package var apiKey: APIKey?
    /// The environment variable that holds the key.
    package var apiKeyEnv: String?
    /// What models cost, by their names at the provider.
    package var prices: [String: TokenPrice] = [:]
    /// The limits of all its models together.
    package var limits = ModelLimits()
    /// The limits of single models, by the name behind the slash; the provider's limits hold too.
    package var modelLimits: [String: ModelLimits] = [:]
    /// For `openai`: the member of a request that limits the tokens of the answer.
    package var tokenLimitField = OpenAIDialect.TokenLimitField.maxTokens
    /// For `anthropic`: the most tokens of an answer where the agent sets no limit; nil for 4,096.
    package var maxTokens: Int?
    /// How long the server may be silent before the first piece of text: a long prompt, or a model that thinks.
    package var firstTokenTimeout = Duration.seconds(120)
    /// How long the server may be silent in the middle of its answer.
    package var stallTimeout = Duration.seconds(30)
    /// The most bytes of one response, with all that stands around its text; above 0.
    package var maxBytes = Self.defaultMaxBytes
    /// What requests leave out because the server does not take it.
    package var omitted: Set<OptionalMember> = []
    /// For `rehearsal`.
    package var rehearsal = RehearsalOptions()

    /// A stream takes some hundred bytes for each token, thoughts included.
    package static let defaultMaxBytes = 32 << 20

    package init(kind: Kind) {
        self.kind = kind
    }

    package static func openai(
        baseURL: String, apiKey: APIKey? = nil, apiKeyEnv: String? = nil, concurrency: Int? = nil
    ) -> ProviderConfiguration {
        server(.openai, baseURL, apiKey, apiKeyEnv, concurrency)
    }

    package static func anthropic(
        baseURL: String? = nil, apiKey: APIKey? = nil, apiKeyEnv: String? = nil, concurrency: Int? = nil
    ) -> ProviderConfiguration {
        server(.anthropic, baseURL, apiKey, apiKeyEnv, concurrency)
    }

    private static func server(
        _ kind: Kind, _ baseURL: String?, _ apiKey: APIKey?, _ apiKeyEnv: String?, _ concurrency: Int?
    ) -> ProviderConfiguration {
        var configuration = ProviderConfiguration(kind: kind)
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
    /// The API of the server; nil for the rehearsal, which has none.
    var dialect: (any ModelDialect)? {
        switch kind {
        case .rehearsal: nil
        case .openai: OpenAIDialect(tokenLimitField: tokenLimitField)
        case .anthropic: maxTokens.map { AnthropicDialect(maxTokens: $0) } ?? AnthropicDialect()
        }
    }

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

    /// `text` without the key, which a server may have repeated.
    func redacted(from text: String) -> String {
        text.replacing(secret, with: "(hidden)")
    }

    /// Whether a header can carry the key (visible ASCII; RFC 9110, section 5.5).
    var fitsInHeader: Bool {
        secret.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
