/// What a phase does.
package enum PhaseKind: String, Sendable, Hashable, CaseIterable {
    case write, edit, evaluate, select, rank, signal
    case agent
    case delay
    case log
    case http
    /// A kind that the embedding program registered; definitions use its own name.
    case custom
    case transform, branch
    case human, workflow
}

extension PhaseKind {
    private static let editorial: Set<PhaseKind> = [.write, .edit, .evaluate, .select, .rank]

    /// Whether the phase works on drafts, which its output names.
    package var isEditorial: Bool { Self.editorial.contains(self) }

    /// Whether agents work in the phase.
    package var hasAgents: Bool { [.write, .edit, .evaluate, .rank, .agent].contains(self) }

    /// Whether the phase may do its work for each element of a list. Editorial kinds work on each draft anyway, a branch
    /// decides once, and a signal has one name.
    package var canFanOut: Bool { !Self.editorial.contains(self) && self != .branch && self != .signal }

    /// Whether the phase may run again. Editorial kinds have cycles of their own (`max_cycles`), a branch decides once.
    package var canRepeat: Bool { !Self.editorial.contains(self) && self != .branch }
}

/// What is particular to a phase's kind.
package enum PhaseSpec: Sendable, Hashable {
    case write(WritePhase)
    case edit(EditPhase)
    case evaluate(EvaluatePhase)
    case select(SelectPhase)
    case rank(RankPhase)
    case signal(SignalPhase)
    case agent(AgentPhase)
    case delay(DelayPhase)
    case log(LogPhase)
    case http(HTTPPhase)
    case custom(CustomPhase)
    case transform(TransformPhase)
    case branch(BranchPhase)
    case human(HumanPhase)
    case workflow(WorkflowPhase)

    package var kind: PhaseKind {
        switch self {
        case .write: .write
        case .edit: .edit
        case .evaluate: .evaluate
        case .select: .select
        case .rank: .rank
        case .signal: .signal
        case .agent: .agent
        case .delay: .delay
        case .log: .log
        case .http: .http
        case .custom: .custom
        case .transform: .transform
        case .branch: .branch
        case .human: .human
        case .workflow: .workflow
        }
    }

    /// The slugs of the agents that work in the phase, in the order of the definition.
    package var agents: [String] {
        switch self {
        case .write(let phase): phase.agents
        case .edit(let phase): phase.agents
        case .evaluate(let phase): phase.agents
        case .rank(let phase): phase.agents
        case .agent(let phase): [phase.agent]
        default: []
        }
    }
}
