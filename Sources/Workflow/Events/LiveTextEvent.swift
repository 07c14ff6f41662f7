import Base
package import Foundation

/// A piece of text as a model writes it, or the end of a text in progress.
///
/// It is not state: it reaches streams as `output_delta` or `step_delta` and is lost in a crash. The update of the row is
/// the truth.
package enum LiveTextEvent: Sendable {
    case delta(LiveDelta)
    /// The run has ended: its text was committed to the row, or dropped. The text of a later run goes on.
    /// - Parameter textID: the `id` of the text's subject.
    case ended(tenantID: String, taskID: UUID, textID: UUID, run: TextRun)
}

package struct LiveDelta: Sendable, Hashable {
    package let tenantID: String
    package let taskID: UUID
    package let subject: TextSubject
    package let run: TextRun
    /// Where `text` begins, in UTF-16 units; 0 replaces everything before it.
    package let offset: Int
    package let text: String

    package init(tenantID: String, taskID: UUID, subject: TextSubject, run: TextRun, offset: Int, text: String) {
        self.tenantID = tenantID
        self.taskID = taskID
        self.subject = subject
        self.run = run
        self.offset = offset
        self.text = text
    }
}

/// What a text in progress becomes a part of. Of texts with the same `id` only the latest is in progress.
package struct TextSubject: Sendable, Hashable {
    package enum Owner: Sendable, Hashable {
        case output, step
    }

    package let owner: Owner
    /// Of the output or the step.
    package let id: UUID
    /// The version that the output's text will be, or the attempt of the step. From 1.
    package let number: Int

    private init(_ owner: Owner, _ id: UUID, _ number: Int) {
        self.owner = owner
        self.id = id
        self.number = number
    }

    /// A draft, as its writer writes it.
    package static func draft(_ outputID: UUID, version: Int) -> TextSubject {
        TextSubject(.output, outputID, version)
    }

    /// What a step writes that is no draft: the answer of an agent, a polished text, the reasons of a judge.
    package static func answer(of run: TextRun) -> TextSubject {
        TextSubject(.step, run.stepID, run.attempt)
    }

    /// The type of the events that carry its pieces.
    package var eventType: EventType { owner == .output ? .outputDelta : .stepDelta }
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
