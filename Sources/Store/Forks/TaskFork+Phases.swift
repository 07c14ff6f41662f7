import Base
import Workflow

extension TaskFork {
    /// Which phases are taken over.
    static func phases(
        before phase: String, _ workflow: WorkflowDefinition, _ rows: [String: JSON]
    ) throws(StoreError) -> Set<String> {
        let upstream = ancestors(of: phase, workflow)
        for key in workflow.phases.map(\.id) where upstream.contains(key) {
            guard let row = rows[key], isClosed(row, workflow.phase(key)) else {
                let status = rows[key]?["status"]?.string ?? "missing"
                throw StoreError(
                    .conflict, "The phase \(key), before \(phase), is \(status).", status: status)
            }
        }
        var kept = Set(
            workflow.phases.filter { candidate in
                guard candidate.id != phase, let row = rows[candidate.id] else { return false }
                return isClosed(row, candidate) && !ancestors(of: candidate.id, workflow).contains(phase)
            }.map(\.id))
        // Beside the phase: nothing is kept whose own ground is not.
        var shrinks = true
        while shrinks {
            let sound = kept.filter { key in workflow.phase(key)?.needs.allSatisfy(kept.contains) ?? false }
            shrinks = sound.count < kept.count
            kept = sound
        }
        return kept
    }

    private static func isClosed(_ row: JSON, _ definition: PhaseDefinition?) -> Bool {
        switch row["status"]?.string {
        case "completed": true
        case "failed": definition?.onFailure == .continue
        case "skipped": row["error"]?["code"] != "upstream_failed"
        default: false
        }
    }

    private static func ancestors(of phase: String, _ workflow: WorkflowDefinition) -> Set<String> {
        var found: Set<String> = []
        var open = workflow.phase(phase)?.needs ?? []
        while let next = open.popLast() {
            if found.insert(next).inserted { open += workflow.phase(next)?.needs ?? [] }
        }
        return found
    }
}
