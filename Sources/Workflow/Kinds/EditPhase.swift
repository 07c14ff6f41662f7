import Base

/// An editor approves each output or sends it back to its writer with feedback.
package struct EditPhase: Sendable, Hashable {
    /// The n-th output goes to the editor n modulo their number.
    package var agents: [String]
    /// A Mustache template; nil for `EditPrompt`.
    package var prompt: String?
    /// The limit of edits of one output; at least 1.
    package var maxCycles: Int

    package init(agents: [String], prompt: String? = nil, maxCycles: Int = 3) {
        self.agents = agents
        self.prompt = prompt
        self.maxCycles = maxCycles
    }
}

extension EditPhase {
    init?(reading phase: PhaseReader) {
        let agents = phase.readAgents()
        let prompt = phase.reader.template("prompt")
        let maxCycles = phase.reader.integer("max_cycles", in: 1...100) ?? 3
        guard let agents else { return nil }
        self.init(agents: agents, prompt: prompt, maxCycles: maxCycles)
    }
}
