import Foundation
import Store
import Workflow

extension Processor {
    /// Writes results as they come, as many in one transaction as have gathered.
    func commitResults() async {
        await finished.arrived.forEach(atLeastEvery: .seconds(1)) {
            while case let batch = self.finished.take(atMost: self.configuration.commitBatch), !batch.isEmpty {
                let left = await self.commits.commit(batch)
                let leftIDs = Set(left.map(\.stepID))
                let done = batch.filter { !leftIDs.contains($0.stepID) }
                self.finished.settle(done)
                for result in done { self.liveTexts.end(result) }
                self.tryLater(left)
                if Task.isCancelled { return }
            }
        }
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
