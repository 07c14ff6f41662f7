package import Foundation
package import Workflow

/// A new row of `output_versions`: a text that an output had, by whom, and the feedback that led to it.
package struct OutputVersionRow: Sendable, Equatable {
    package enum Action: String, Sendable {
        case write, edit, rewrite
    }

    package let id = UUIDv7.next()
    package let outputID: UUID
    package let versionNumber: Int
    package let action: Action
    package let agent: JSON
    package let content: String
    package let feedback: String?
    package let usage: JSON

    package init(
        outputID: UUID, versionNumber: Int, action: Action, agent: JSON, content: String, feedback: String?, usage: JSON
    ) {
        self.outputID = outputID
        self.versionNumber = versionNumber
        self.action = action
        self.agent = agent
        self.content = content
        self.feedback = feedback
        self.usage = usage
    }

    var json: JSON {
        [
            "id": .string(id.uuidString), "output_id": .string(outputID.uuidString),
            "version_number": .integer(Int64(versionNumber)), "action": .string(action.rawValue), "agent": agent,
            "content": .string(content), "feedback": feedback.map(JSON.string) ?? .null, "usage": usage,
        ]
    }
}
