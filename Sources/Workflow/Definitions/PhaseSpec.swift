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
    case own(OwnPhase)
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
        case .own: .own
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
