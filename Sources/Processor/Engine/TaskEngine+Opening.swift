import Base
import Foundation
import Store
import Workflow

/// When a phase may open: the phases that it needs, its condition, and the list that it works through.
extension TaskEngine {
    enum Readiness {
        case ready
        case blocked
        /// It will never open.
        case never(SkipReason, String)
    }

    /// Whether a pending phase can open. A phase that works on each draft by itself opens as soon as one draft is
    /// ready for it and the phases before it, which still work on others, are sure to complete.
    ///
    /// The decision does not depend on the order in which the phases before it end: a failure skips it at once; else,
    /// when all of them are closed, a branch that chose others skips it; else it runs if at least one way leads to it,
    /// that is, if one of them completed and was not a branch that passes it by (Airflow's `none_failed_min_one_success`).
    func readiness(of definition: PhaseDefinition) -> Readiness {
        var waits = false
        var isReached = definition.needs.isEmpty
        var excludedBy: String?
        var mayOverlap = definition.kind.takesUpDrafts && definition.when == nil
        for need in definition.needs {
            guard let phase = graph.phase(need), let needed = workflow.definition.phase(need) else { continue }
            switch phase.status {
            case .completed:
                choose(definition, needed, phase, &isReached, &excludedBy)
            case .failed where needed.onFailure == .continue:
                choose(definition, needed, phase, &isReached, &excludedBy)
            case .skipped where phase.isPassedOver:
                continue
            case .failed, .cancelled, .skipped:
                let root = rootOfFailure(need)
                return .never(.upstreamFailed, "The phase \(root) \(Self.outcome(graph.phase(root)?.status)).")
            case .running where needed.kind.worksDraftByDraft:
                waits = true
                if needed.onFailure == .fail, !isSureToComplete(needed, phase) { mayOverlap = false }
            case .pending, .running, .waiting:
                waits = true
                mayOverlap = false
            }
        }
        if waits { return mayOverlap && excludedBy == nil && !entrants(of: definition).isEmpty ? .ready : .blocked }
        if let excludedBy { return .never(.notChosen, "The branch \(excludedBy) chose another way.") }
        return isReached ? .ready : .never(.upstreamSkipped, "All the phases before it were skipped.")
    }

    /// The phase at which a chain of skips began: what it needs was not in the way of that one.
    private func rootOfFailure(_ id: String) -> String {
        var root = id
        while graph.phase(root)?.status == .skipped, let next = workflow.definition.phase(root)?.needs.first(where: isInTheWay) {
            root = next
        }
        return root
    }

    /// Whether a phase has ended in a way that keeps those that need it from running.
    private func isInTheWay(_ id: String) -> Bool {
        guard let phase = graph.phase(id) else { return false }
        switch phase.status {
        case .failed: return workflow.definition.phase(id)?.onFailure != .continue
        case .skipped: return !phase.isPassedOver
        case .cancelled: return true
        case .pending, .running, .waiting, .completed: return false
        }
    }

    /// The end of a sentence about a phase that is in the way.
    private static func outcome(_ status: PhaseStatus?) -> String {
        switch status {
        case .cancelled: "was cancelled"
        case .skipped: "was skipped"
        default: "failed"
        }
    }

    /// Whether a phase that still works on drafts cannot fail any more, since one of them is through. Until then no
    /// phase opens behind it that its failure would skip.
    private func isSureToComplete(_ definition: PhaseDefinition, _ phase: PhaseRow) -> Bool {
        switch definition.kind {
        case .evaluate:
            graph.evaluations.contains { $0.phaseID == phase.id && $0.status == .completed }
        case .edit:
            graph.steps.contains { $0.phaseID == phase.id && $0.output?["done"] == true }
                || openDrafts(before: definition).contains { $0.status == .approved || $0.status == .maxCyclesReached }
        default:
            graph.steps.contains { step in
                step.phaseID == phase.id && step.status == .completed && step.outputID.flatMap { graph.output($0) }?.content != nil
            }
        }
    }

    /// Whether the way from a closed phase to the next one is taken. Only a branch may not take it: then the next phase
    /// is left out, unless it also comes after one that the branch chose, as the join of an if without an else does.
    private func choose(
        _ definition: PhaseDefinition, _ needed: PhaseDefinition, _ phase: PhaseRow, _ isReached: inout Bool,
        _ excludedBy: inout String?
    ) {
        guard case .branch(let branch) = needed.spec, branch.targets.contains(definition.id) else { return isReached = true }
        let chosen = BranchKind.chosen(phase.output)
        if chosen.contains(definition.id) { return isReached = true }
        let before = workflow.ancestors[definition.id] ?? []
        if before.isDisjoint(with: chosen) { excludedBy = excludedBy ?? needed.id }
    }

    /// Whether no phase before this one can bring it anything new.
    func isFed(_ definition: PhaseDefinition) -> Bool {
        definition.needs.allSatisfy { graph.phase($0)?.status.isTerminal ?? true }
    }

    /// Whether a ready phase opens. False: its condition or its list has no value yet, or the phase was skipped or
    /// failed, which its row says.
    mutating func admit(_ phase: PhaseRow, _ definition: PhaseDefinition) -> Bool {
        do throws(StepFailure) {
            if let condition = definition.when {
                guard let holds = try holds(condition, definition, .when) else { return false }
                guard holds else {
                    skip(phase.id, definition, .conditionFalse, "The condition of the phase does not hold.")
                    return false
                }
            }
            return try findItems(phase, definition)
        } catch {
            fail(phase.id, error)
            return false
        }
    }

    /// Evaluates the list of a phase that has one; false while its value is missing.
    mutating func findItems(_ phase: PhaseRow, _ definition: PhaseDefinition) throws(StepFailure) -> Bool {
        guard let fanOut = definition.fanOut, phase.items == nil else { return true }
        guard let found = try find(fanOut.list, definition, .list) else { return false }
        let items = if found.count == 1, let list = found[0].array { list } else { found }
        guard items.count <= fanOut.maxItems else {
            throw StepFailure(
                code: "too_many_items",
                message: "The list has \(items.count) elements; max_items allows \(fanOut.maxItems).", isRetryable: false)
        }
        if let failure = StepFailure(tooDeep: .array(items), "list") { throw failure }
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
        log(
            .skip, phase: phaseID, reason == .upstreamFailed ? .warning : .info, "The phase \(definition.id) is skipped. \(message)",
            ["reason": .string(reason.rawValue)])
        if definition.kind == .edit { approveUnedited() }
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

extension PhaseKind {
    /// Whether the phase finishes drafts one by one, so that others can go on with those that are finished.
    var worksDraftByDraft: Bool { self == .write || takesUpDrafts }

    /// Whether the phase takes up each draft as soon as it is ready, without waiting for the others.
    var takesUpDrafts: Bool { self == .edit || self == .evaluate }
}
