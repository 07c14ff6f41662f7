import Base
import Store
import Synchronization
import Workflow

/// Counts the calls of models on this node, for the limits per minute.
///
/// A claim charges each step one request and the tokens that a call is expected to take. The meter counts the difference:
/// more or fewer tokens, a second call of a step, a call of another model than the step's, and it refunds what a step did
/// not use. When the node dies, its counts are lost; the charges of the claims stay.
final class ModelMeter: Sendable {
    private let limits: ScopedModelLimits
    private let spending = Mutex<[String: ModelSpending]>([:])

    init(_ limits: ScopedModelLimits) {
        self.limits = limits.filter(\.value.hasRate)
    }

    /// The model, with its calls counted where they have a limit per minute.
    func metered(_ model: any LanguageModel, _ name: ModelName) -> any LanguageModel {
        let scopes = limits.scopes(of: name)
        return scopes.isEmpty ? model : MeteredModel(model: model, scopes: scopes, meter: self)
    }

    /// A call has ended.
    /// - Parameter tokens: nil when it had no response.
    func called(_ scopes: [String], tokens: Int?) {
        add(scopes) { scope in
            guard let tokens else { return ModelSpending(requests: 1) }
            // What next calls are expected to take is learnt from this one, but no more than a minute's worth.
            let learnt = min(tokens, limits[scope]?.tokensPerMinute ?? tokens)
            return ModelSpending(requests: 1, tokens: Double(tokens), calls: 1, callTokens: Double(learnt))
        }
    }

    /// A claimed step has ended: the charge of its claim is refunded.
    func ended(_ step: ClaimedStep) {
        add(step.charged.keys.filter { limits[$0] != nil }) { scope in
            ModelSpending(requests: -1, tokens: -(step.charged[scope] ?? 0))
        }
    }

    func take() -> [String: ModelSpending] {
        spending.withLock { spending in
            defer { spending = [:] }
            return spending.filter { $0.value != ModelSpending() }
        }
    }

    func putBack(_ left: [String: ModelSpending]) {
        spending.withLock { $0.merge(left, uniquingKeysWith: +) }
    }

    private func add(_ scopes: [String], _ spent: (String) -> ModelSpending) {
        guard !scopes.isEmpty else { return }
        spending.withLock { spending in
            for scope in scopes { spending[scope, default: ModelSpending()] = spending[scope, default: ModelSpending()] + spent(scope) }
        }
    }
}

private struct MeteredModel: LanguageModel {
    let model: any LanguageModel
    let scopes: [String]
    let meter: ModelMeter

    var recordsCalls: Bool { model.recordsCalls }

    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        do throws(ProviderError) {
            let response = try await model.complete(request, onText: onText)
            meter.called(scopes, tokens: tokens(request, response))
            return response
        } catch {
            meter.called(scopes, tokens: nil)
            throw error
        }
    }

    /// As the provider counts them; where it does not, a token for each four bytes, at least one.
    private func tokens(_ request: ModelRequest, _ response: ModelResponse) -> Int {
        guard response.usage.totalTokens <= 0 else { return response.usage.totalTokens }
        return max(1, (request.messages.reduce(0) { $0 + $1.content.utf8.count } + response.text.utf8.count) / 4)
    }
}
