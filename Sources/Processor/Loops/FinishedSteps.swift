import Synchronization

/// Results that wait for their transaction. While one batch is written the next one gathers.
final class FinishedSteps: Sendable {
    private let results = Mutex<[FinishedStep]>([])
    let arrived = WorkSignal()

    func add(_ new: [FinishedStep]) {
        guard !new.isEmpty else { return }
        results.withLock { $0 += new }
        arrived.wake()
    }

    func take(atMost limit: Int) -> [FinishedStep] {
        results.withLock { results in
            let batch = Array(results.prefix(limit))
            results.removeFirst(batch.count)
            return batch
        }
    }

    func takeAll() -> [FinishedStep] {
        take(atMost: .max)
    }
}
