import Logging
import Synchronization
import Workflow

/// An agent's model with those that are asked when it is down. Keeps what was spent in all, also where nothing came of it.
final class FallbackModel: LanguageModel {
    private let names: [ModelName]
    private let models: ModelLookup
    private let place: ModelPlace?
    private let onRestart: @Sendable () async -> Void
    private let logger: Logger
    private let total = Mutex(Usage.zero)

    /// - Parameters:
    ///   - names: in the order in which they are asked; at least one.
    ///   - place: what counts for the limits of calls at a time; nil without such limits.
    ///   - onRestart: the text that has come so far is void: another model begins anew.
    init(
        _ names: [ModelName], models: @escaping ModelLookup, place: ModelPlace? = nil,
        onRestart: @escaping @Sendable () async -> Void, logger: Logger
    ) {
        self.names = names
        self.models = models
        self.place = place
        self.onRestart = onRestart
        self.logger = logger
    }

    /// No more calls are made.
    func end() async { await place?.end() }

    /// What the answered calls took.
    var spent: Usage { total.withLock { $0 } }

    /// Each model gets the whole of the request's time.
    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        var failures: [(model: ModelName, error: ProviderError)] = []
        for name in names {
            let hasBegun = Atomic(false)
            do {
                var request = request
                request.model = name
                let model = try models(name)
                try await place?.move(to: name, within: request.timeout)
                var response = try await model.complete(request) { text in
                    hasBegun.store(true, ordering: .relaxed)
                    await onText(text)
                }
                response.usage.models = [name.description]
                total.withLock { $0 += response.usage }
                return response
            } catch {
                failures.append((name, error))
                guard error.isDown, name != names.last else { break }
                logger.notice(
                    "a model is down, the next one is asked",
                    metadata: ["model": "\(name)", "code": "\(error.code)", "agent": "\(request.agent)"])
                if hasBegun.load(ordering: .relaxed) { await onRestart() }
            }
        }
        throw Self.failure(of: failures)
    }

    /// What is to be said when none answered: that trying again may help, where it may for any of them.
    private static func failure(of failures: [(model: ModelName, error: ProviderError)]) -> ProviderError {
        let errors = failures.map(\.error)
        guard var error = errors.last, errors.count > 1, error.code != .cancelled else {
            return errors.last ?? ProviderError(code: .unknownModel, message: "The agent has no model.")
        }
        error.code = (errors.first(where: \.isRetryable) ?? error).code
        error.message = failures.map { "\($0.model): \($0.error.message)" }.joined(separator: "; ")
        // Only a wait that all ask for is worth keeping: whoever is back first answers.
        let waits = errors.compactMap(\.retryAfter)
        error.retryAfter = waits.count == errors.count ? waits.min() : nil
        return error
    }
}

extension ProviderError {
    /// Whether the model cannot answer at present, whatever it is asked, so that another one should be. From a model,
    /// `invalid_response` says that its server broke off or sent nonsense; what an answer says is judged later.
    fileprivate var isDown: Bool {
        switch code {
        case .rateLimited, .unavailable, .timeout, .stalled, .invalidResponse, .quotaExceeded: true
        default: false
        }
    }
}
