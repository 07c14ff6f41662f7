import Foundation
import Store
import Workflow

extension TaskEngine {
    enum Readiness {
        case ready
        case blocked
        /// A phase that it needs failed, and was not allowed to.
        case impossible(upstream: String)
    }

    /// Whether a pending phase can open. A phase that works on each draft by itself opens as soon as one draft is
    /// ready for it, while the phases before it still work on others.
    func readiness(of definition: PhaseDefinition) -> Readiness {
        var waits = false
        var mayOverlap = definition.kind.worksDraftByDraft
        for need in definition.needs {
            guard let phase = graph.phase(need), let needed = workflow.definition.phase(need) else { continue }
            switch phase.status {
            case .completed:
                continue
            case .failed, .cancelled, .skipped:
                if phase.status == .failed && needed.onFailure == .continue { continue }
                return .impossible(upstream: need)
            case .running where needed.kind.worksDraftByDraft:
                waits = true
            case .pending, .running, .waiting:
                waits = true
                mayOverlap = false
            }
        }
        if !waits { return .ready }
        return mayOverlap && !entrants(of: definition).isEmpty ? .ready : .blocked
    }

    /// Whether no phase before this one can bring it anything new.
    func isFed(_ definition: PhaseDefinition) -> Bool {
        definition.needs.allSatisfy { graph.phase($0)?.status.isTerminal ?? true }
    }
}

extension PhaseKind {
    /// Whether the phase takes up each draft as soon as it is ready, without waiting for the others.
    var worksDraftByDraft: Bool {
        switch self {
        case .write, .edit, .evaluate: true
        case .select, .rank, .signal, .agent, .delay, .log, .http, .own: false
        }
    }
}
