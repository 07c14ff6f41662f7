import Base

/// Each agent writes one draft, on its own track.
package struct WritePhase: Sendable, Hashable {
    package var agents: [String]
    /// A Mustache template over the task's context.
    package var prompt: String

    package init(agents: [String], prompt: String) {
        self.agents = agents
        self.prompt = prompt
    }
}

extension WritePhase {
    init?(reading phase: PhaseReader) {
        let agents = phase.readAgents()
        let prompt = phase.reader.template("prompt", isRequired: true)
        guard let agents, let prompt else { return nil }
        self.init(agents: agents, prompt: prompt)
    }
}
