package import Base

/// Asks one agent one prompt, for text or for JSON that follows a schema.
package struct AgentPhase: Sendable, Hashable {
    package var agent: String
    /// A Mustache template over the task's context.
    package var prompt: String
    /// The JSON Schema of the answer, of an object; nil for an answer in text.
    package var output: JSON?

    package init(agent: String, prompt: String, output: JSON? = nil) {
        self.agent = agent
        self.prompt = prompt
        self.output = output
    }
}

extension AgentPhase {
    init?(reading phase: PhaseReader) {
        let agents = phase.readAgents()
        if let agents, agents.count > 1 { phase.reader.report("must name exactly one agent", at: "agents") }
        let prompt = phase.reader.template("prompt", isRequired: true)
        let output = Self.readOutput(phase.reader)
        guard let agents, agents.count == 1, let prompt else { return nil }
        self.init(agent: agents[0], prompt: prompt, output: output)
    }

    private static func readOutput(_ reader: ObjectReader) -> JSON? {
        guard let schema = reader.schema("output") else { return nil }
        // Providers accept no other schema.
        guard schema["type"] == "object" else {
            reader.report("must be the schema of an object, with 'type: object'", at: "output")
            return nil
        }
        return schema
    }
}
