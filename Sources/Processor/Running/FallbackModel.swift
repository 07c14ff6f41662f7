import Base
import Foundation
import Logging
import Store
import Synchronization
import Workflow

/// An agent's model with its fallbacks, which are asked when it is down. Sums the usage of all calls, also of those whose
/// response was of no use.
final class FallbackModel: LanguageModel {
    private let names: [ModelName]
    private let models: ModelLookup
    private let slot: ModelSlot?
    private let calls: CallLog?
    private let onRestart: @Sendable () async -> Void
    private let logger: Logger
    private let total = Mutex(Usage.zero)

    /// - Parameters:
    ///   - names: in the order in which they are asked; at least one.
    ///   - slot: counts for the limits of concurrent calls; nil without such limits.
    ///   - calls: takes every call; nil where they are not kept.
    ///   - onRestart: the text so far is void: another model begins anew.
    init(
        _ names: [ModelName], models: @escaping ModelLookup, slot: ModelSlot? = nil, calls: CallLog? = nil,
        onRestart: @escaping @Sendable () async -> Void, logger: Logger
    ) {
        self.names = names
        self.models = models
        self.slot = slot
        self.calls = calls
        self.onRestart = onRestart
        self.logger = logger
    }

    /// No more calls are made.
    func end() async { await slot?.end() }

    /// The usage of the calls that were answered.
    var spent: Usage { total.withLock { $0 } }

    /// The models share the request's time: each gets what those before it have left.
    func complete(
        _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        var failures: [(model: ModelName, error: ProviderError)] = []
        let start = ContinuousClock.now
        for name in names {
            let left = failures.isEmpty ? request.timeout : request.timeout - start.duration(to: .now)
            guard left > .zero else { break }
            let hasBegun = Atomic(false)
            let measures = CallMeasures(name)
            do {
                var request = request
                request.model = name
                request.calls = calls
                let model = try models(name)
                try await slot?.move(to: name, within: left)
                request.timeout = failures.isEmpty ? left : request.timeout - start.duration(to: .now)
                var response = try await recorded(model, request) { text in
                    if !hasBegun.exchange(true, ordering: .relaxed) { measures.firstText() }
                    await onText(text)
                }
                response.usage.models = [name.description]
                measures.answered(response.usage)
                total.withLock { $0 += response.usage }
                return response
            } catch {
                measures.failed(error)
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

    /// Asks a model, and adds the call to the log where the model does not do so itself.
    private func recorded(
        _ model: any LanguageModel, _ request: ModelRequest, onText: @escaping @Sendable (String) async -> Void
    ) async throws(ProviderError) -> ModelResponse {
        guard let calls, !model.recordsCalls else {
            let response = try await model.complete(request, onText: onText)
            calls?.price(response.usage.cost)
            return response
        }
        let sentAt = Date()
        let firstTokenAt = Mutex<Date?>(nil)
        var record = MadeCall(kind: .chat, status: .completed, sentAt: sentAt)
        record.agent = request.agent
        record.provider = request.model.provider
        record.modelAsked = request.model.description
        record.traceID = request.context.traceID
        let result: Result<ModelResponse, ProviderError>
        do throws(ProviderError) {
            result = .success(
                try await model.complete(request) { text in
                    firstTokenAt.withLock { if $0 == nil { $0 = Date() } }
                    await onText(text)
                })
        } catch {
            result = .failure(error.shown(under: calls.capture))
        }
        record.endedAt = max(Date(), sentAt)
        record.firstTokenAt = firstTokenAt.withLock { $0 }
        var answer: [UInt8] = []
        switch result {
        case .success(let response):
            record.modelAnswered = response.model
            record.finishReason = response.finishReason
            record.usage = CallUsage(response.usage)
            answer = Array(response.text.utf8)
        case .failure(let error):
            record.usage = CallUsage(.zero)
            record.end(error)
        }
        let sent = calls.capture == .none ? [] : request.json.utf8
        record.bodies = calls.bodies(request: sent, response: answer, responseBytes: answer.count)
        calls.add(record)
        return try result.get()
    }

    /// The error when no model answered: retryable where any of the errors is.
    private static func failure(of failures: [(model: ModelName, error: ProviderError)]) -> ProviderError {
        let errors = failures.map(\.error)
        guard var error = errors.last, errors.count > 1, error.code != .cancelled else {
            return errors.last ?? ProviderError(code: .unknownModel, message: "The agent has no model.")
        }
        error.code = (errors.first(where: \.isRetryable) ?? error).code
        error.message = failures.map { "\($0.model): \($0.error.message)" }.joined(separator: "; ")
        // A wait is kept only if all request one: the first model that is back answers.
        let waits = errors.compactMap(\.retryAfter)
        error.retryAfter = waits.count == errors.count ? waits.min() : nil
        return error
    }
}

extension ProviderError {
    /// Whether the model cannot answer any request at present, so that the next one is asked. From a model,
    /// `invalid_response` means that its server broke off or sent nonsense; the content of an answer is checked later.
    fileprivate var isDown: Bool {
        switch code {
        case .rateLimited, .unavailable, .timeout, .stalled, .invalidResponse, .quotaExceeded: true
        default: false
        }
    }
}

extension ModelRequest {
    /// What a model in this process is asked, as its row shows it.
    fileprivate var json: JSON {
        var members: JSONObject = [
            "model": .string(model.model),
            "messages": .array(messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] }),
        ]
        if let temperature { members["temperature"] = .number(temperature) }
        if let maxTokens { members["max_tokens"] = .integer(Int64(maxTokens)) }
        if let schema { members["schema"] = schema.schema }
        return .object(members)
    }
}

/// Counts the calls of fallbacks for the limits of concurrent calls, over all nodes. A claim counts a step for its own
/// model only.
struct ModelSlots: Sendable {
    let store: Store
    let limits: ScopedModelLimits
    let logger: Logger

    init(store: Store, limits: ScopedModelLimits, logger: Logger) {
        self.store = store
        self.limits = limits.filter { $0.value.concurrency != nil }
        self.logger = logger
    }

    /// The slot of a claimed step; nil where there are no such limits.
    func slot(of step: ClaimedStep) -> ModelSlot? {
        limits.isEmpty ? nil : ModelSlot(slots: self, step: step)
    }
}

/// The model that a running step counts for.
final class ModelSlot: Sendable {
    private struct State {
        /// Nil while the step waits for a slot.
        var model: ModelName?
        var hasMoved = false
    }

    /// How often a waiting step looks for a free slot. Waiting is rare: a model is down, and the next one is full.
    private static let poll = Duration.milliseconds(200)

    private let slots: ModelSlots
    private let step: ClaimedStep
    private let state: Mutex<State>

    init(slots: ModelSlots, step: ClaimedStep) {
        self.slots = slots
        self.step = step
        state = Mutex(State(model: step.model))
    }

    /// Makes the step count for a model that it is about to ask; waits while the limits leave no slot.
    func move(to model: ModelName, within patience: Duration) async throws(ProviderError) {
        guard state.withLock({ $0.model != model }) else { return }
        let scopes = slots.limits.scopes(of: model)
        // A model without a limit needs no slot. The slot of the model before stays taken, which exceeds no limit.
        guard !scopes.isEmpty else { return }
        let limits = slots.limits.filter { scopes.contains($0.key) }
        let start = ContinuousClock.now
        while true {
            if await isMoved(to: model, limits) { return }
            guard start.duration(to: .now) < patience else {
                throw ProviderError(code: .rateLimited, message: "No call of \(model) ended in time to free a slot for this one.")
            }
            do {
                try await Task.sleep(for: Self.poll)
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
            try await Task { [slots, step] in try await slots.store.endMovedCalls(of: step) }.value
        } catch {
            // The row counts for nothing when the step has ended, and goes with it.
            slots.logger.debug("a fallback's row stays", metadata: ["step": "\(step.id.text)", "error": "\(error)"])
        }
    }

    private func isMoved(to model: ModelName, _ limits: ScopedModelLimits) async -> Bool {
        state.withLock { state in
            state.model = nil
            state.hasMoved = true
        }
        do {
            guard try await slots.store.moveCall(of: step, to: model, limits) else { return false }
        } catch {
            slots.logger.notice("a fallback's call could not be counted yet", metadata: ["model": "\(model)", "error": "\(error)"])
            return false
        }
        state.withLock { $0.model = model }
        return true
    }
}
