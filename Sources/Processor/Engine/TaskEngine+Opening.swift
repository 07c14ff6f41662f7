import Foundation
import Store
import Workflow

/// What is decided before a phase works: its condition, and the list that it works through.
extension TaskEngine {
    /// Whether a phase whose needs are there may open. Nil: it may not, now or ever; its row says why.
    mutating func admit(_ phase: PhaseRow, _ definition: PhaseDefinition) -> Bool {
        do throws(StepFailure) {
            if let condition = definition.when {
                guard let holds = try holds(condition, definition, .when) else { return false }
                guard holds else {
                    skip(phase.id, definition, .conditionFalse, "The condition of the phase does not hold.")
                    return false
                }
            }
            guard try findItems(phase, definition) else { return false }
            return true
        } catch {
            fail(phase.id, error)
            return false
        }
    }

    /// Makes sure that the phase knows its list, where it has one; false while the answer is not there.
    mutating func findItems(_ phase: PhaseRow, _ definition: PhaseDefinition) throws(StepFailure) -> Bool {
        guard let fanOut = definition.fanOut, phase.items == nil else { return true }
        guard let found = try find(fanOut.list, definition, .list) else { return false }
        let items = if found.count == 1, let list = found[0].array { list } else { found }
        guard items.count <= fanOut.maxItems else {
            throw StepFailure(
                code: "too_many_items",
                message: "The list has \(items.count) elements; max_items allows \(fanOut.maxItems).", isRetryable: false)
        }
        graph.updatePhase(phase.id) { $0.input = ["items": .array(items)] }
        return true
    }

    mutating func fail(_ phaseID: UUID, _ failure: StepFailure) {
        graph.updatePhase(phaseID) { row in
            row.status = .failed
            row.error = failure.json
        }
        approveUnedited()
    }

    mutating func skip(_ phaseID: UUID, _ definition: PhaseDefinition, _ reason: SkipReason, _ message: String) {
        graph.updatePhase(phaseID) { row in
            row.status = .skipped
            row.error = ["code": .string(reason.rawValue), "message": .string(message)]
        }
        if definition.kind == .edit { approveUnedited() }
    }

    /// Drafts that only waited for an edit which does not take place are done.
    private mutating func approveUnedited() {
        for output in graph.outputs where output.status == .pendingEdit && isThroughEditing(output) {
            graph.updateOutput(output.id) { $0.status = .approved }
        }
    }
}

/// Why a phase was skipped: `error.code` of its row.
enum SkipReason: String {
    /// A phase that it needs failed.
    case upstreamFailed = "upstream_failed"
    /// Its `when` did not hold.
    case conditionFalse = "condition_false"
    /// A branch chose other phases.
    case notChosen = "not_chosen"
    /// All the phases that it needs were passed over.
    case upstreamSkipped = "upstream_skipped"
}

extension PhaseRow {
    /// The list that the phase works through.
    var items: [JSON]? { input?["items"]?.array }

    /// Skipped by a decision of the workflow, not because something failed.
    var isPassedOver: Bool {
        guard status == .skipped, let code = error?["code"]?.string else { return false }
        return SkipReason(rawValue: code).map { $0 != .upstreamFailed } ?? false
    }
}
