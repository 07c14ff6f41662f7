import Logging
import Store
import Synchronization
import Workflow

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
