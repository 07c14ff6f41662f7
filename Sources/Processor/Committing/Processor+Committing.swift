import Foundation
import Store
import Synchronization
import Workflow

extension Processor {
    /// How many results make a batch for another committer than the first worthwhile.
    private static let furtherBatch = 16

    /// Commits results as they come, as many in one transaction as have gathered. Three committers overlap: while one
    /// holds the tenant's head, the second writes its rows and the third decides.
    func commitResults() async {
        await withDiscardingTaskGroup { group in
            for (committer, arrived) in finished.arrived.enumerated() {
                group.addTask {
                    await arrived.forEach(atLeastEvery: .seconds(1)) {
                        let atLeast = committer == 0 ? 1 : Self.furtherBatch
                        while case let batch = self.finished.take(atMost: self.configuration.commitBatch, atLeast: atLeast),
                            !batch.isEmpty
                        {
                            await self.commit(batch)
                            if Task.isCancelled { return }
                        }
                    }
                }
            }
        }
    }

    private func commit(_ batch: [FinishedStep]) async {
        let left = await commits.commit(batch)
        finished.release(batch)
        let leftIDs = Set(left.map(\.step))
        let done = batch.filter { !leftIDs.contains($0.step) }
        finished.settle(done)
        for result in done { texts.end(result) }
        tryLater(left)
        signals.claim.wake()
    }

    /// Puts results back after 200 ms; other results do not wait for them.
    private func tryLater(_ results: [FinishedStep]) {
        guard !results.isEmpty else { return }
        if Task.isCancelled {
            finished.add(results)
            return
        }
        Task { [finished] in
            try? await Task.sleep(for: .milliseconds(200))
            finished.add(results)
        }
    }
}

/// Results that wait for their transaction. While batches are written the next one gathers.
final class FinishedSteps: Sendable {
    private struct State {
        var results: [FinishedStep] = []
        /// Tasks with a result in a batch: another result of theirs would wait for the rows.
        var busyTasks: Set<TenantKey> = []
        /// The steps whose results are here, or were taken and may come back.
        var unsettled: Set<TenantKey> = []
    }

    private let state = Mutex(State())
    /// One signal a committer.
    let arrived = [WorkSignal(), WorkSignal(), WorkSignal()]

    func add(_ new: [FinishedStep]) {
        guard !new.isEmpty else { return }
        state.withLock { state in
            state.results += new
            state.unsettled.formUnion(new.map(\.step))
        }
        for signal in arrived { signal.wake() }
    }

    /// Takes a batch of results of tasks that have none in another batch; empty when there are fewer than `atLeast`.
    func take(atMost limit: Int, atLeast: Int = 1) -> [FinishedStep] {
        state.withLock { state in
            guard state.results.count >= atLeast else { return [] }
            var batch: [FinishedStep] = []
            var passedOver: [FinishedStep] = []
            let next = state.results.firstIndex { result in
                if batch.count == limit { return true }
                if state.busyTasks.contains(result.task) { passedOver.append(result) } else { batch.append(result) }
                return false
            }
            state.results.replaceSubrange(..<(next ?? state.results.endIndex), with: passedOver)
            state.busyTasks.formUnion(batch.map(\.task))
            return batch
        }
    }

    /// The transaction of a batch is over, with success or without.
    func release(_ batch: [FinishedStep]) {
        let hasMore = state.withLock { state in
            state.busyTasks.subtract(batch.map(\.task))
            return !state.results.isEmpty
        }
        if hasMore { for signal in arrived { signal.wake() } }
    }

    /// The results are written, or dropped for good.
    func settle(_ results: [FinishedStep]) {
        state.withLock { $0.unsettled.subtract(results.map(\.step)) }
    }

    /// How many results wait for their commit, or are in it.
    var count: Int { state.withLock { $0.unsettled.count } }

    var unsettled: Set<TenantKey> { state.withLock { $0.unsettled } }

    /// Takes every result. To be called when no batch is being written any more.
    func takeAll() -> [FinishedStep] {
        state.withLock { state in
            defer { state.results = [] }
            return state.results
        }
    }
}
