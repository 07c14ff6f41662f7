package import Base

/// An editor's decision on a draft.
package struct EditDecision: Sendable, Hashable {
    package var isApproved: Bool
    /// The changes to make; never blank when not approved.
    package var feedback: String
    /// The draft as the editor polished it; nil when the editor left it as it was, and when not approved.
    package var content: String?

    package init(isApproved: Bool, feedback: String, content: String? = nil) {
        self.isApproved = isApproved
        self.feedback = feedback
        self.content = content
    }

    /// Reads a model's answer; throws `invalid_response` unless it has a plain decision, and feedback where it does not
    /// approve.
    package static func parse(_ text: String) throws(ProviderError) -> EditDecision {
        let answer = try StructuredAnswer.object(in: text)
        guard let isApproved = answer["approved"]?.bool else {
            throw StructuredAnswer.unreadable("its 'approved' is not true or false")
        }
        let value = answer["feedback"] ?? .null
        guard let feedback = value.isNull ? "" : value.string else {
            throw StructuredAnswer.unreadable("its 'feedback' is not a text")
        }
        guard isApproved || !feedback.allSatisfy(\.isWhitespace) else {
            throw StructuredAnswer.unreadable("it does not approve and has no 'feedback'")
        }
        let polished = answer["content"] ?? .null
        guard polished.isNull || polished.string != nil else {
            throw StructuredAnswer.unreadable("its 'content' is neither a text nor null")
        }
        let content = polished.string.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        return EditDecision(isApproved: isApproved, feedback: feedback, content: isApproved ? content : nil)
    }
}

/// The shape of an editor's answer.
package enum EditDecisionSchema {
    /// `{"feedback": string, "approved": boolean, "content": string or null}`, nothing else. Models write members in this
    /// order, so the reasons come before the decision.
    package static let json: JSON = [
        "type": "object",
        "properties": [
            "feedback": ["type": "string"], "approved": ["type": "boolean"], "content": ["type": ["null", "string"]],
        ],
        "required": ["feedback", "approved", "content"], "additionalProperties": false,
    ]

    /// The schema as it goes with a request to a model.
    package static let response = ResponseSchema(name: "edit_decision", schema: json)
}
