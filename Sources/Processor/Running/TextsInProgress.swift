import Base
import Foundation
import Logging
import Store
import Synchronization
import Workflow

/// The texts that models are writing on this node: published to the streams piece by piece, and kept whole, so that they
/// can be saved for other nodes.
final class TextsInProgress: Sendable {
    private struct Entry {
        var text: LiveText
        /// In UTF-16 units.
        var length = 0
        var isSaved = false
        /// Whether some of it was ever taken to be saved.
        var wasSaved = false
    }

    /// By output or step: a later attempt replaces an earlier one.
    private let entries = Mutex<[TenantKey: Entry]>([:])
    private let publish: @Sendable (LiveTextEvent) -> Void

    init(publish: @escaping @Sendable (LiveTextEvent) -> Void) {
        self.publish = publish
    }

    /// Adds a piece of the text that a step writes. The first piece of an attempt replaces the text of an earlier one;
    /// later pieces of the earlier attempt are dropped.
    func append(_ text: String, to subject: TextSubject, of step: ClaimedStep) {
        let text = text.replacingNULs()
        guard !text.isEmpty else { return }
        let run = TextRun(stepID: step.id, attempt: step.attempt)
        let key = TenantKey(step.tenantID, subject.id)
        let offset: Int? = entries.withLock { entries in
            if let known = entries[key]?.text.run, known != run {
                if run.isOutdated(by: known) { return nil }
                entries[key] = nil
            }
            var entry =
                entries.removeValue(forKey: key)
                ?? Entry(
                    text: LiveText(tenantID: step.tenantID, taskID: step.taskID, subject: subject, run: run, text: ""))
            let offset = entry.length
            entry.text.text += text
            entry.length += text.utf16.count
            entry.isSaved = false
            entries[key] = entry
            return offset
        }
        guard let offset else { return }
        publish(
            .delta(
                LiveDelta(
                    tenantID: step.tenantID, taskID: step.taskID, subject: subject, run: run, offset: offset, text: text)))
    }

    /// The next piece begins the text anew: another model writes it.
    func restart(_ subject: TextSubject, of step: ClaimedStep) {
        let run = TextRun(stepID: step.id, attempt: step.attempt)
        let key = TenantKey(step.tenantID, subject.id)
        entries.withLock { entries in
            guard entries[key]?.text.run == run else { return }
            entries[key]?.text.text = ""
            entries[key]?.length = 0
            entries[key]?.isSaved = true
        }
    }

    /// The run of a step has ended: its text, where it is no draft, is not saved any more.
    /// - Returns: whether some of it was, so that its row must be removed with the step's result.
    func close(_ step: ClaimedStep) -> Bool {
        let run = TextRun(stepID: step.id, attempt: step.attempt)
        return entries.withLock { entries in
            guard let entry = entries[step.key], entry.text.run == run else { return false }
            entries[step.key]?.isSaved = true
            return entry.wasSaved
        }
    }

    /// The run is over: its text is in the row, or void.
    func end(_ result: FinishedStep) {
        let run = TextRun(stepID: result.stepID, attempt: result.attempt)
        // A run writes one text: a draft of its output, or one of the step itself.
        let textID: UUID? = entries.withLock { entries in
            for id in [result.outputID, result.stepID] {
                guard let id, entries[TenantKey(result.tenantID, id)]?.text.run == run else { continue }
                entries[TenantKey(result.tenantID, id)] = nil
                return id
            }
            return nil
        }
        if let textID { publish(.ended(tenantID: result.tenantID, taskID: result.taskID, textID: textID, run: run)) }
    }

    /// The texts that have grown since the last call.
    func takeUnsaved() -> [LiveText] {
        entries.withLock { entries in
            let unsaved = entries.filter { !$0.value.isSaved }
            for key in unsaved.keys {
                entries[key]?.isSaved = true
                entries[key]?.wasSaved = true
            }
            return unsaved.values.map(\.text)
        }
    }
}

extension Processor {
    /// Saves texts in progress once a second, for other nodes and `/state`.
    func saveTextsInProgress() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let texts = texts.takeUnsaved()
            guard !texts.isEmpty, !Task.isCancelled else { continue }
            do {
                try await store.saveLiveTexts(texts, processorID: id)
            } catch {
                if !Task.isCancelled { logger.debug("cannot save live texts", metadata: ["error": "\(error)"]) }
            }
        }
    }
}
