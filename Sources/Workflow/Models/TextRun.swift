package import Foundation

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
