import Foundation
import Synchronization

/// Results that wait for their transaction. While one batch is written the next one gathers.
final class FinishedSteps: Sendable {
    private struct State {
        var results: [FinishedStep] = []
        /// The steps whose results are here, or were taken and may come back.
        var unsettled: Set<UUID> = []
    }

    private let state = Mutex(State())
    let arrived = WorkSignal()

    func add(_ new: [FinishedStep]) {
        guard !new.isEmpty else { return }
        state.withLock { state in
            state.results += new
            state.unsettled.formUnion(new.map(\.stepID))
        }
        arrived.wake()
    }

    func take(atMost limit: Int) -> [FinishedStep] {
        state.withLock { state in
            let batch = Array(state.results.prefix(limit))
            state.results.removeFirst(batch.count)
            return batch
        }
    }

    /// The results are written, or dropped for good.
    func settle(_ results: [FinishedStep]) {
        state.withLock { $0.unsettled.subtract(results.map(\.stepID)) }
    }

    var unsettled: Set<UUID> { state.withLock { $0.unsettled } }

    func takeAll() -> [FinishedStep] {
        take(atMost: .max)
    }
}
