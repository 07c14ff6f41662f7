package import Foundation
import Workflow

/// A task with all its rows, locked in one transaction: what the processor decides on and changes in memory.
///
/// `Store.withTaskGraphs` compares it afterwards with what it read, and writes the rows that differ, each once.
package struct TaskGraph: Sendable {
    package var task: TaskRow
    package var phases: [PhaseRow]
    package var steps: [StepRow]
    package var outputs: [OutputRow]
    package var evaluations: [EvaluationRow]
    package var signals: [SignalRow]
    /// Only where the task has steps for people.
    package var humanTasks: [HumanTaskRow] = []
    /// Only where the task has steps that start other tasks.
    package var subtasks: [SubtaskRow] = []

    // What is only ever added.
    package var newVersions: [OutputVersionRow] = []
    package var newRankings: [RankingRow] = []
    package var newFinalists: [Finalists] = []
    package var newLogs: [LogRow] = []
    /// The runs that have ended.
    package var newAttempts: [AttemptRow] = []
    package var newCalls: [CallRow] = []
    /// Steps that have ended and whose text in progress was saved.
    package var endedTexts: [UUID] = []
    package var newSubtasks: [SubtaskStart] = []
    /// Sub-tasks to be cancelled.
    package var cancelledSubtasks: [UUID] = []
    /// When a processor has to look at the task again, whatever else happens; nil when only a row wakes it.
    package var wakeAfter: Duration?
    /// What has to be evaluated before the task can go on.
    package var questions = Questions()

    /// The outputs that a `select` phase chose.
    package struct Finalists: Sendable {
        package let phaseID: UUID
        package let outputIDs: [UUID]

        package init(phaseID: UUID, outputIDs: [UUID]) {
            self.phaseID = phaseID
            self.outputIDs = outputIDs
        }
    }
}

extension TaskGraph {
    package func phase(_ key: String) -> PhaseRow? {
        phases.first { $0.key == key }
    }

    package func steps(of phaseID: UUID) -> [StepRow] {
        steps.filter { $0.phaseID == phaseID }
    }

    /// The steps of the run that the phase is at; those of its earlier runs left out.
    package func currentSteps(of phase: PhaseRow) -> [StepRow] {
        steps.filter { $0.phaseID == phase.id && $0.iteration == phase.iteration }
    }

    package func output(_ id: UUID) -> OutputRow? {
        outputs.first { $0.id == id }
    }

    package mutating func updatePhase(_ id: UUID, _ change: (inout PhaseRow) -> Void) {
        guard let index = phases.firstIndex(where: { $0.id == id }) else { return }
        change(&phases[index])
    }

    package mutating func updateStep(_ id: UUID, _ change: (inout StepRow) -> Void) {
        guard let index = steps.firstIndex(where: { $0.id == id }) else { return }
        change(&steps[index])
    }

    package mutating func updateOutput(_ id: UUID, _ change: (inout OutputRow) -> Void) {
        guard let index = outputs.firstIndex(where: { $0.id == id }) else { return }
        change(&outputs[index])
    }

    package mutating func updateEvaluations(of stepID: UUID, _ change: (inout EvaluationRow) -> Void) {
        for index in evaluations.indices where evaluations[index].stepID == stepID {
            change(&evaluations[index])
        }
    }
}

extension TaskGraph {
    /// Puts a running step back into the queue as if it had not been claimed; the attempt does not count.
    ///
    /// - Parameter status: how the run has ended.
    package mutating func handBack(_ stepID: UUID, as status: AttemptRow.Status = .cancelled) {
        guard let step = steps.first(where: { $0.id == stepID }), step.status == .running else { return }
        newAttempts.append(AttemptRow(stepID: stepID, status: status))
        updateStep(stepID) { row in
            row.status = .pending
            row.processorID = nil
            row.maxAttempts += 1
            row.runAt = .after(.zero)
        }
        returnWork(of: step)
    }

    /// A step that begins works on what waited for it.
    package mutating func takeWork(of step: StepRow) {
        updateEvaluations(of: step.id) { row in
            if row.status == .pending { row.status = .processing }
        }
        if let outputID = step.outputID, let active = step.kind.activeOutputStatus {
            updateOutput(outputID) { row in
                if row.status == step.kind.waitingOutputStatus { row.status = active }
            }
        }
    }

    /// What the step worked on waits for it again.
    package mutating func returnWork(of step: StepRow) {
        updateEvaluations(of: step.id) { row in
            if row.status == .processing { row.status = .pending }
        }
        if let outputID = step.outputID, let waiting = step.kind.waitingOutputStatus {
            updateOutput(outputID) { row in
                if row.status == step.kind.activeOutputStatus { row.status = waiting }
            }
        }
    }
}
