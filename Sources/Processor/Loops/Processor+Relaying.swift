import Foundation
import Logging
import Store

extension Processor {
    /// Wakes the tasks that other transactions asked to have looked at (an answer of a person, the end of a sub-task).
    func relayWakeRequests() async {
        wakeRelay.wake()
        await wakeRelay.forEach(atLeastEvery: configuration.poll) {
            do {
                if try await self.store.relayWakeRequests({ .processor(self.id, tenantID: $0) }) > 0 { self.wakeAdvance.wake() }
            } catch {
                if !Task.isCancelled { self.logger.warning("cannot relay wake-ups", metadata: ["error": "\(error)"]) }
            }
            // Every commit may have left a request, and most leave none: under load one look serves many.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
