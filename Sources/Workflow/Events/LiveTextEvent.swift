package import Foundation

/// A piece of text as a model writes it, or the word that the text is no longer in progress.
///
/// It is no state: it reaches streams as `output_delta` and is gone after a crash; the row's update is the truth.
package enum LiveTextEvent: Sendable {
    case delta(OutputDelta)
    /// The run is over: its text was committed as a row, or given up. A later run's text on the same output goes on.
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

    /// Whether the other is a later attempt of the same step, which has taken the text over.
    package func isOutdated(by other: TextRun) -> Bool {
        stepID == other.stepID && attempt < other.attempt
    }
}
