import Foundation
import Store
import Workflow

extension Processor {
    /// A batch for another lane than the first pays when it has some size.
    private static let furtherBatch = 16

    /// Writes results as they come, as many in one transaction as have gathered. While one lane holds the tenant's head,
    /// another writes its rows, and a third decides.
    func commitResults() async {
        await withDiscardingTaskGroup { group in
            for (lane, arrived) in finished.arrived.enumerated() {
                group.addTask {
                    await arrived.forEach(atLeastEvery: .seconds(1)) {
                        let atLeast = lane == 0 ? 1 : Self.furtherBatch
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
        finished.gaveBack(batch)
        let leftIDs = Set(left.map { $0.stepID })
        let done = batch.filter { !leftIDs.contains($0.stepID) }
        finished.settle(done)
        for result in done { liveTexts.end(result) }
        tryLater(left)
        wakeClaim.wake()
    }

    /// Puts results back after a moment; other results do not wait for them.
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
