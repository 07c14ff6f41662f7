/// What an agent is asked beside its prompt.
package enum AgentPrompt {
    /// Asks for JSON. It says so in words too: not every server reads the schema that goes with the request.
    package static func answer(schema: JSON) -> String {
        """
        Answer with one JSON object and nothing else. It must follow this JSON Schema:
        \(schema.text)
        """
    }
}
