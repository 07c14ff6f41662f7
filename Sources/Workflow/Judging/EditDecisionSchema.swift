/// The shape of an editor's answer.
package enum EditDecisionSchema {
    /// `{"approved": boolean, "feedback": string, "content": string or null}`, nothing else.
    package static let json: JSON = [
        "type": "object",
        "properties": [
            "approved": ["type": "boolean"], "feedback": ["type": "string"], "content": ["type": ["null", "string"]],
        ],
        "required": ["approved", "feedback", "content"], "additionalProperties": false,
    ]

    /// The same, as a model is asked for it.
    package static let response = ResponseSchema(name: "edit_decision", schema: json)
}
