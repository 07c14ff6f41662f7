import Logging
import Store
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

/// Counts the calls of fallbacks for the limits of calls at a time, over all nodes. A claim counts a step for its own model
/// only.
struct ModelPlaces: Sendable {
    let store: Store
    let limits: ScopedModelLimits
    let logger: Logger

    init(store: Store, limits: ScopedModelLimits, logger: Logger) {
        self.store = store
        self.limits = limits.filter { $0.value.concurrency != nil }
        self.logger = logger
    }

    /// The place of a claimed step; nil where there are no such limits.
    func place(of step: ClaimedStep) -> ModelPlace? {
        limits.isEmpty ? nil : ModelPlace(places: self, step: step)
    }
}

/// For which model a running step counts.
final class ModelPlace: Sendable {
    private struct State {
        /// Nil while it waits for a place.
        var model: ModelName?
        var hasMoved = false
    }

    /// How often it is looked whether somebody has left. Waiting is rare: a model is down, and the next one is full.
    private static let look = Duration.milliseconds(200)

    private let places: ModelPlaces
    private let step: ClaimedStep
    private let state: Mutex<State>

    init(places: ModelPlaces, step: ClaimedStep) {
        self.places = places
        self.step = step
        state = Mutex(State(model: step.model))
    }

    /// Makes the step count for a model that it is about to ask; waits for room where its limits leave none.
    func move(to model: ModelName, within patience: Duration) async throws(ProviderError) {
        guard state.withLock({ $0.model != model }) else { return }
        let scopes = places.limits.scopes(of: model)
        // Without a limit of its own it needs no place; what it had under another's stays taken, which passes no limit.
        guard !scopes.isEmpty else { return }
        let limits = places.limits.filter { scopes.contains($0.key) }
        let start = ContinuousClock.now
        while true {
            if await isMoved(to: model, limits) { return }
            guard start.duration(to: .now) < patience else {
                throw ProviderError(code: .rateLimited, message: "No call of \(model) ended in time to make room for this one.")
            }
            do {
                try await Task.sleep(for: Self.look)
            } catch {
                throw ProviderError(code: .cancelled, message: "The step was cancelled while it waited for \(model).")
            }
        }
    }

    /// Its calls are over.
    func end() async {
        guard state.withLock({ $0.hasMoved }) else { return }
        do {
            // Also when the step is cancelled.
            try await Task { [places, step] in try await places.store.endMovedCalls(of: step) }.value
        } catch {
            // The row counts for nothing when the step has ended, and goes with it.
            places.logger.debug("a fallback's row stays", metadata: ["step": "\(step.id.text)", "error": "\(error)"])
        }
    }

    private func isMoved(to model: ModelName, _ limits: ScopedModelLimits) async -> Bool {
        state.withLock { state in
            state.model = nil
            state.hasMoved = true
        }
        do {
            guard try await places.store.moveCall(of: step, to: model, limits) else { return false }
        } catch {
            places.logger.notice("a fallback's call could not be counted yet", metadata: ["model": "\(model)", "error": "\(error)"])
            return false
        }
        state.withLock { $0.model = model }
        return true
    }
}
