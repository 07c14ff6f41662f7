import Foundation
import Store
import Synchronization
import Workflow

/// The texts that models are writing on this node: passed to the streams piece by piece, and kept whole so that they
/// can be saved for other nodes once in a while.
final class LiveTexts: Sendable {
    private struct State {
        var texts: [UUID: LiveText] = [:]
        var offsets: [UUID: Int] = [:]
        var unsaved: Set<UUID> = []
    }

    private let state = Mutex(State())
    private let publish: @Sendable (LiveTextEvent) -> Void

    init(publish: @escaping @Sendable (LiveTextEvent) -> Void) {
        self.publish = publish
    }

    /// Adds a piece of the text that a step writes. The first piece of an attempt replaces what an earlier one left.
    func append(_ text: String, to outputID: UUID, of step: ClaimedStep, versionNumber: Int) {
        let text = text.replacing("\0", with: "")
        guard !text.isEmpty else { return }
        let offset = state.withLock { state in
            let offset = state.offsets[outputID] ?? 0
            state.offsets[outputID] = offset + text.utf16.count
            state.texts[
                outputID,
                default: LiveText(
                    tenantID: step.tenantID, taskID: step.taskID, outputID: outputID, versionNumber: versionNumber, text: "")
            ].text += text
            state.unsaved.insert(outputID)
            return offset
        }
        publish(
            .delta(
                OutputDelta(
                    tenantID: step.tenantID, taskID: step.taskID, outputID: outputID, versionNumber: versionNumber,
                    offset: offset, text: text)))
    }

    /// The run is over: its text stands in the row, or is given up.
    func end(_ result: FinishedStep) {
        guard let outputID = result.outputID else { return }
        let known = state.withLock { state in
            state.unsaved.remove(outputID)
            state.offsets[outputID] = nil
            return state.texts.removeValue(forKey: outputID) != nil
        }
        if known { publish(.ended(tenantID: result.tenantID, taskID: result.taskID, outputID: outputID)) }
    }

    /// The texts that have grown since the last call.
    func takeUnsaved() -> [LiveText] {
        state.withLock { state in
            defer { state.unsaved = [] }
            return state.unsaved.compactMap { state.texts[$0] }
        }
    }
}
