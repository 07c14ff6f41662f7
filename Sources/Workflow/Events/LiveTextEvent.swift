import Base
package import Foundation

/// A piece of text as a model writes it, or the end of a text in progress.
///
/// It is not state: it reaches streams as `output_delta` and is lost in a crash. The update of the row is the truth.
package enum LiveTextEvent: Sendable {
    case delta(OutputDelta)
    /// The run has ended: its text was committed to the row, or dropped. The text of a later run on the same output goes on.
    case ended(tenantID: String, taskID: UUID, outputID: UUID, run: TextRun)
}

package struct OutputDelta: Sendable, Hashable {
    package let tenantID: String
    package let taskID: UUID
    package let outputID: UUID
    package let versionNumber: Int
    package let run: TextRun
    /// Where `text` begins, in UTF-16 units; 0 replaces everything before it.
    package let offset: Int
    package let text: String

    package init(
        tenantID: String, taskID: UUID, outputID: UUID, versionNumber: Int, run: TextRun, offset: Int, text: String
    ) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.run = run
        self.offset = offset
        self.text = text
    }
}

/// One attempt of a step that writes a text.
package struct TextRun: Sendable, Hashable {
    package let stepID: UUID
    /// From 1; each claim of the step is a new one.
    package let attempt: Int

    package init(stepID: UUID, attempt: Int) {
        self.stepID = stepID
        self.attempt = attempt
    }

    /// Whether the other run is a later attempt of the same step, and its text replaces this one.
    package func isOutdated(by other: TextRun) -> Bool {
        stepID == other.stepID && attempt < other.attempt
    }
}
