import Foundation
import Store
import Workflow

/// Decides what a task does next. A value: it works on the rows in memory and has no way to wait or to fail.
///
/// `record` takes in what a step came to; `advance` opens, feeds and closes phases until nothing moves any more. The
/// caller writes what changed in the transaction that holds the rows' locks.
struct TaskEngine {
    var graph: TaskGraph
    let workflow: LoadedWorkflow
    /// The steps that were there before.
    let known: Set<UUID>

    init(_ graph: TaskGraph, _ workflow: LoadedWorkflow) {
        self.graph = graph
        known = Set(graph.steps.map { $0.id })
        self.workflow = workflow
    }

    mutating func advance() {
        guard [.pending, .running, .waiting].contains(graph.task.status) else { return }
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

    /// The steps of a workflow that limits them wait in a lane of their own.
    private mutating func markLimitedSteps() {
        guard workflow.definition.concurrency != nil else { return }
        for index in graph.steps.indices where !known.contains(graph.steps[index].id) {
            graph.steps[index].limitedWorkflow = workflow.definition.name
        }
    }

    /// Opens, feeds or closes one phase. Answers whether that may let others move.
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
        let behavior = behavior(of: definition)
        behavior.feed(&self, phase.id, definition)
        admitParkedSteps(of: phase.id, definition)
        guard let conclusion = behavior.conclusion(&self, phase.id, definition) else { return false }
        return conclude(phase.id, definition, conclusion)
    }

    /// Closes a phase, or lets it run again. Answers whether it moved.
    private mutating func conclude(
        _ phaseID: UUID, _ definition: PhaseDefinition, _ conclusion: PhaseConclusion
    ) -> Bool {
        switch conclusion {
        case .completed(let output):
            guard let phase = graph.phase(definition.id) else { return false }
            switch repetition(phase, definition, output) {
            case .unknown: return false
            case .failed(let failure):
                fail(phaseID, failure)
                return true
            case .again:
                runAgain(phaseID, output)
                return true
            case .done: break
            }
            graph.updatePhase(phaseID) { row in
                row.status = .completed
                row.output = output
                row.error = nil
            }
            graph.task.accumulatedContext = AccumulatedContext.adding(
                output, of: definition, to: graph.task.accumulatedContext)
        case .failed(let error):
            fail(phaseID, error)
        }
        return true
    }
}

/// How a phase ended.
enum PhaseConclusion {
    /// With its output, as in `phases.output`.
    case completed(JSON)
    case failed(StepFailure)
}
