package import AsyncHTTPClient
package import Logging
package import Workflow

/// The configured providers, by name; `rehearsal` is there unless the configuration says otherwise.
package struct ProviderRegistry: Sendable {
    struct Provider: Sendable {
        let configuration: ProviderConfiguration
        /// A failure is why the provider cannot be used with its configuration.
        let model: Result<any LanguageModel, ProviderError>
        /// Nil for the rehearsal, and for a configuration that cannot be used.
        var server: ModelServer?
    }

    private let providers: [String: Provider]
    let httpClient: HTTPClient

    /// - Parameters:
    ///   - environment: the variables that `apiKeyEnv` names are looked up in it.
    ///   - httpClient: remains the caller's to shut down; configure it with `HTTPClient.Configuration.forModels`.
    package init(
        _ configurations: [String: ProviderConfiguration], environment: [String: String], httpClient: HTTPClient,
        logger: Logger
    ) {
        self.httpClient = httpClient
        let all = ["rehearsal": ProviderConfiguration(kind: .rehearsal)].merging(configurations) { $1 }
        providers = all.mapValues { configuration in
            guard let dialect = configuration.dialect else {
                return Provider(configuration: configuration, model: .success(RehearsalModel(options: configuration.rehearsal)))
            }
            do throws(ProviderError) {
                let server = try ModelServer(dialect, configuration, environment: environment)
                let model = ServerModel(server: server, httpClient: httpClient, logger: logger)
                return Provider(configuration: configuration, model: .success(model), server: server)
            } catch {
                return Provider(configuration: configuration, model: .failure(error))
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
        let provider = try provider(name.provider)
        let model = try provider.model.get()
        return provider.configuration.prices[name.model].map { PricedModel(model: model, price: $0) } ?? model
    }

    /// The limits of the providers and of their models, by `provider` and `provider/model`.
    package var limits: ScopedModelLimits {
        providers.reduce(into: [:]) { limits, provider in
            limits[provider.key] = provider.value.configuration.limits
            for (model, limit) in provider.value.configuration.modelLimits { limits["\(provider.key)/\(model)"] = limit }
        }.filter { !$0.value.isEmpty }
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

/// A model with prices: its answers have their cost.
struct PricedModel: LanguageModel {
    let model: any LanguageModel
    let price: TokenPrice

    var recordsCalls: Bool { model.recordsCalls }

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        var response = try await model.complete(request, onText: onText)
        response.usage.cost = price.cost(of: response.usage)
        return response
    }
}

/// What a model's tokens cost, per million, in whatever currency the configuration uses throughout.
package struct TokenPrice: Sendable, Equatable {
    /// Of the prompt; at least 0.
    package var input: Double
    /// Of the answer; at least 0.
    package var output: Double

    package init(input: Double, output: Double) {
        self.input = input
        self.output = output
    }

    /// What the tokens cost, to a billionth; nil when the provider counted none.
    package func cost(of usage: Usage) -> Double? {
        guard usage.totalTokens > 0 else { return nil }
        let cost = Double(usage.promptTokens) * input + Double(usage.completionTokens) * output
        return (cost * 1e3).rounded() / 1e9
    }
}
