package import AsyncHTTPClient
package import Logging
package import Workflow

/// The configured providers, by name; `rehearsal` is there unless the configuration says otherwise.
package struct ProviderRegistry: Sendable {
    struct Provider: Sendable {
        let configuration: ProviderConfiguration
        /// Why the provider cannot be used as it is configured is thrown when somebody tries.
        let model: Result<any LanguageModel, ProviderError>
        /// For `openai`, when its configuration is whole.
        let options: OpenAIOptions?
    }

    private let providers: [String: Provider]
    let httpClient: HTTPClient

    /// - Parameters:
    ///   - environment: where the variables named by `apiKeyEnv` are looked up.
    ///   - httpClient: the caller's, who shuts it down; configure it with `HTTPClient.Configuration.forModels`.
    package init(
        _ configurations: [String: ProviderConfiguration], environment: [String: String], httpClient: HTTPClient,
        logger: Logger
    ) {
        self.httpClient = httpClient
        let all = ["rehearsal": ProviderConfiguration(kind: .rehearsal)].merging(configurations) { $1 }
        providers = all.mapValues { configuration in
            switch configuration.kind {
            case .rehearsal:
                let model = RehearsalModel(options: configuration.rehearsal)
                return Provider(configuration: configuration, model: .success(model), options: nil)
            case .openai:
                do throws(ProviderError) {
                    let options = try OpenAIOptions(configuration, environment: environment)
                    let model = OpenAIModel(options: options, httpClient: httpClient, logger: logger)
                    return Provider(configuration: configuration, model: .success(model), options: options)
                } catch {
                    return Provider(configuration: configuration, model: .failure(error), options: nil)
                }
            }
        }
    }

    /// The names of the providers, sorted.
    package var names: [String] { providers.keys.sorted() }

    /// The model behind a name.
    ///
    /// - Throws: `unknown_model` when no provider has that name; `unauthorized` or `invalid_request` when the provider's
    ///   configuration lacks its key or its address.
    package func model(for name: ModelName) throws(ProviderError) -> any LanguageModel {
        try provider(name.provider).model.get()
    }

    /// The most calls at a time that a provider takes; nil when it has no bound, or does not exist.
    package func concurrency(of provider: String) -> Int? {
        providers[provider]?.configuration.concurrency
    }

    func provider(_ name: String) throws(ProviderError) -> Provider {
        guard let provider = providers[name] else {
            throw ProviderError(
                code: .unknownModel,
                message: "no provider is named \(name); configured are \(names.joined(separator: ", "))")
        }
        return provider
    }
}
