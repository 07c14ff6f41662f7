package import Foundation

/// A piece of text as a model writes it, or the word that the text is no longer in progress.
///
/// It is no state: it reaches streams as `output_delta` and is gone after a crash; the row's update is the truth.
package enum LiveTextEvent: Sendable {
    case delta(OutputDelta)
    /// The text was committed as a row, or given up.
    case ended(tenantID: String, taskID: UUID, outputID: UUID)
}

package struct OutputDelta: Sendable, Hashable {
    package let tenantID: String
    package let taskID: UUID
    package let outputID: UUID
    package let versionNumber: Int
    /// Where `text` begins, in UTF-16 units; 0 replaces everything before it.
    package let offset: Int
    package let text: String

    package init(tenantID: String, taskID: UUID, outputID: UUID, versionNumber: Int, offset: Int, text: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.offset = offset
        self.text = text
    }
}
