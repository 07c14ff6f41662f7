import Foundation
import Store
import Workflow

/// A text that a model is writing, as far as this node has seen it.
struct TextInProgress: Sendable {
    let tenantID: String
    let taskID: UUID
    let outputID: UUID
    let versionNumber: Int
    let run: TextRun
    /// Nil when it is written here; else the log's position at which it was last seen to be in progress on another node.
    var seenAt: Int64?
    /// Whether a stream has gone live without it, and so must get the whole of it if it goes on.
    var isOwed = false
    /// Nil when it outgrew its bound: those who follow it go on, those who come later wait for the row.
    private(set) var text: String?
    /// In UTF-16 units, as `offset` counts.
    private(set) var length: Int
    /// What streams may be narrowed by; nil until it is looked up.
    var task: TaskFacts?

    init(_ delta: OutputDelta) {
        tenantID = delta.tenantID
        taskID = delta.taskID
        outputID = delta.outputID
        versionNumber = delta.versionNumber
        run = delta.run
        text = delta.text
        length = delta.text.utf16.count
    }

    /// Adds a piece; false when it does not continue the text, and so would be ignored by every reader.
    mutating func append(_ delta: OutputDelta, limit: Int) -> Bool {
        if delta.offset == 0 {
            // What a run that lost its step still writes must not take the place of the one that has it now.
            if delta.run.isOutdated(by: run) || delta.versionNumber < versionNumber { return false }
            let task = task
            self = TextInProgress(delta)
            self.task = task
        } else if delta.offset == length, delta.run == run {
            length += delta.text.utf16.count
            text?.append(delta.text)
        } else {
            return false
        }
        if let text, text.utf8.count > limit { self.text = nil }
        return true
    }

    /// All of it in one piece; nil when it is not kept.
    var whole: TextDelta? {
        text.map {
            TextDelta(
                tenantID: tenantID, taskID: taskID, outputID: outputID, versionNumber: versionNumber, offset: 0,
                text: $0, length: length, task: task)
        }
    }
}
