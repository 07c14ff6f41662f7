import Foundation
import Logging
import Store
import Workflow

extension Processor {
    /// Saves texts in progress once a second, for other nodes and `/state`.
    func saveLiveTexts() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let texts = liveTexts.takeUnsaved()
            guard !texts.isEmpty, !Task.isCancelled else { continue }
            do {
                try await store.saveLiveTexts(texts, processorID: id)
            } catch {
                if !Task.isCancelled { logger.debug("cannot save live texts", metadata: ["error": "\(error)"]) }
            }
        }
    }
}
