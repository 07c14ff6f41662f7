import Base
import Foundation
import Store
import Workflow

/// Decides what a task does next. A value: it works on rows in memory; it neither suspends nor fails.
///
/// `record` takes in the outcome of a step; `advance` opens, feeds and closes phases until nothing moves any more. The
/// caller writes the changed rows in the transaction that holds their locks.
///
/// The facets: `+Opening` (when a phase may open, and over which list), `+Steps` (adding steps), `+Outcomes` (taking in
/// how they ended), `+Drafts` (which drafts a phase works on), `+Expressions`, `+Progress`, `+Logs`. What a kind of phase does is in
/// `Kinds`.
struct TaskEngine {
    var graph: TaskGraph
    let workflow: WorkflowVersion
    /// The steps that the task had before.
    let known: Set<UUID>

    init(_ graph: TaskGraph, _ workflow: WorkflowVersion) {
        self.graph = graph
        known = Set(graph.steps.map { $0.id })
        self.workflow = workflow
    }

    mutating func advance() {
        rereadSubtasks()
        guard [.pending, .running, .waiting].contains(graph.task.status) else {
            // What it was made of may have been changed by hand.
            if graph.task.status == .completed, graph.task.result != nil { graph.task.result = result }
            return
        }
        if graph.task.status == .pending {
            // A signal or a resumption can wake a task before its time.
            if let startsIn = graph.task.startsIn, startsIn > .zero { return wakeNoLater(than: startsIn) }
            graph.task.status = .running
        }
        mendDrafts()
        mendHumanTasks()
        mendSubtasks()
        var moves = true
        while moves {
            moves = false
            for definition in workflow.definition.phases {
                guard let phase = graph.phase(definition.id) else { continue }
                if move(phase, definition) { moves = true }
            }
        }
        settleTask()
        markLimitedSteps()
    }

    /// Puts the new steps of a workflow that limits its steps into a queue of their own.
    private mutating func markLimitedSteps() {
        guard workflow.definition.concurrency != nil else { return }
        for index in graph.steps.indices where !known.contains(graph.steps[index].id) {
            graph.steps[index].limitedWorkflow = workflow.definition.name
        }
    }

    /// Makes sure that a processor looks at the task again after this delay at the latest.
    mutating func wakeNoLater(than delay: Duration?) {
        guard let delay else { return }
        graph.wakeAfter = min(graph.wakeAfter ?? delay, delay)
    }
}

// MARK: - One phase

extension TaskEngine {
    /// Opens, feeds or closes one phase. Returns whether that may let others move.
    private mutating func move(_ phase: PhaseRow, _ definition: PhaseDefinition) -> Bool {
        switch phase.status {
        case .completed, .failed, .skipped, .cancelled:
            return false
        case .pending:
            switch readiness(of: definition) {
            case .blocked:
                return false
            case .never(let reason, let message):
                skip(phase.id, definition, reason, message)
                return true
            case .ready:
                guard admit(phase, definition) else { return graph.phase(definition.id)?.status != .pending }
                graph.updatePhase(phase.id) { $0.status = .running }
                graph.task.phase = definition.id
            }
        case .running, .waiting:
            do throws(StepFailure) {
                guard try findItems(phase, definition) else { return false }
            } catch {
                fail(phase.id, error)
                return true
            }
        }
        let behavior = definition.behavior
        behavior.feed(&self, phase.id, definition)
        admitParkedSteps(of: phase.id, definition)
        guard let conclusion = behavior.conclusion(&self, phase.id, definition) else { return false }
        return conclude(phase.id, definition, conclusion)
    }

    /// Closes a phase, or lets it run again. Returns whether it moved.
    private mutating func conclude(
        _ phaseID: UUID, _ definition: PhaseDefinition, _ conclusion: PhaseConclusion
    ) -> Bool {
        switch conclusion {
        case .completed(let output):
            guard let phase = graph.phase(definition.id) else { return false }
            if let failure = StepFailure(tooDeep: output, "output of the phase") {
                fail(phaseID, failure)
                return true
            }
            do throws(StepFailure) {
                guard let repeats = try repeats(phase, definition, output) else { return false }
                if repeats {
                    runAgain(phaseID, output)
                    return true
                }
            } catch {
                fail(phaseID, error)
                return true
            }
            let place = graph.phases.compactMap(\.place).max().map { $0 + 1 } ?? 0
            graph.updatePhase(phaseID) { row in
                row.status = .completed
                row.output = output
                row.error = nil
                row.place = place
            }
        case .failed(let error):
            fail(phaseID, error)
        }
        return true
    }

    /// Whether a phase that has just come to an output runs again; nil while the value of its condition is missing.
    /// After the last run the condition is not evaluated.
    private mutating func repeats(
        _ phase: PhaseRow, _ definition: PhaseDefinition, _ output: JSON
    ) throws(StepFailure) -> Bool? {
        guard let repeats = definition.repeats else { return false }
        guard phase.iteration + 1 < repeats.max else {
            if repeats.until != nil, repeats.max > 1 {
                log(
                    .limit, phase: phase.id, .info, "The phase \(definition.id) has run \(repeats.max) times, as often as it may.",
                    ["limit": "repeat", "runs": .integer(Int64(repeats.max))])
            }
            return false
        }
        guard let until = repeats.until else { return true }
        return try holds(until, definition, .until, ownOutput: output).map { !$0 }
    }

    /// Begins the next run. The phase stays open and keeps its output so far, which its expressions and prompts can see.
    private mutating func runAgain(_ phaseID: UUID, _ output: JSON) {
        graph.updatePhase(phaseID) { row in
            row.status = .running
            row.iteration += 1
            row.input = nil
            row.output = output
        }
    }
}

/// How a phase ended.
enum PhaseConclusion {
    /// With its output, as in `phases.output`.
    case completed(JSON)
    case failed(StepFailure)
}

// MARK: - The task's own row

extension TaskEngine {
    /// Puts status, progress and, at the end, result or error on the task.
    private mutating func settleTask() {
        graph.task.progress = max(graph.task.progress, progress)
        guard graph.phases.allSatisfy({ $0.status.isTerminal }) else {
            graph.task.status = graph.steps.filter { !$0.status.isTerminal }.onlyWait ? .waiting : .running
            return
        }
        let failed = workflow.definition.phases.first { definition in
            definition.onFailure == .fail && graph.phase(definition.id)?.status == .failed
        }
        if let failed {
            let cause = graph.phase(failed.id)?.error
            graph.task.error = [
                "code": cause?["code"] ?? "phase_failed", "message": cause?["message"] ?? "A phase failed.",
                "phase": .string(failed.id),
            ]
            graph.task.status = .failed
        } else {
            graph.task.status = .completed
            graph.task.progress = 1
            graph.task.result = result
        }
    }

    /// The output of the last completed phase, and the best text where there is one.
    private var result: JSON {
        let last = workflow.definition.phases.last { graph.phase($0.id)?.status == .completed }
        var result: JSONObject = [:]
        if let last, let output = shownOutput(of: last) {
            result["phase"] = .string(last.id)
            result["output"] = output
        }
        if let best = bestOutput {
            result["winner"] = [
                "output_id": .string(best.id.text), "track": .string(best.track),
                "content": best.content.map(JSON.string) ?? .null,
                "finish_reason": best.finishReason.map { .string($0.rawValue) } ?? .null,
            ]
        }
        return .object(result)
    }

    /// First by the final ranking, else by the initial one, else the only usable one.
    private var bestOutput: OutputRow? {
        let usable = graph.outputs.filter { $0.status != .failed && $0.content != nil }
        return usable.first { $0.finalRank == 1 } ?? usable.first { $0.initialRank == 1 }
            ?? (usable.count == 1 ? usable[0] : nil)
    }
}
