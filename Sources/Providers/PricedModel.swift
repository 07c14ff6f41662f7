import Workflow

/// A model whose answers say what they cost.
struct PricedModel: LanguageModel {
    let model: any LanguageModel
    let price: TokenPrice

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        var response = try await model.complete(request, onText: onText)
        response.usage.cost = price.cost(of: response.usage)
        return response
    }
}
