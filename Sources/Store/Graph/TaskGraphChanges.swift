import Foundation
import Workflow

/// The rows that a change of task graphs added or altered, as JSON for `jsonb_to_recordset`, each with its `task_id`.
struct TaskGraphChanges: Sendable {
    var newOutputs: [JSON] = []
    var newSteps: [JSON] = []
    var newEvaluations: [JSON] = []
    var newVersions: [JSON] = []
    var newLogs: [JSON] = []
    var rankings: [JSON] = []
    var outputs: [JSON] = []
    var evaluations: [JSON] = []
    var steps: [JSON] = []
    var phases: [JSON] = []
    var tasks: [JSON] = []
    var receivedSignals: [JSON] = []
    var newSubtasks: [(task: JSON, phases: [JSON], tie: JSON)] = []
    var cancelledSubtasks: [UUID] = []
    var newHumanTasks: [JSON] = []
    var humanTasks: [JSON] = []
    var wakeups: [JSON] = []
    var finalists: [(taskID: UUID, finalists: TaskGraph.Finalists)] = []
    /// Outputs whose text is no longer in progress.
    var endedTexts: [UUID] = []

    init(from before: [TaskGraph], to after: [TaskGraph]) {
        for (old, new) in zip(before, after) {
            add(old, new)
        }
    }

    private mutating func add(_ old: TaskGraph, _ new: TaskGraph) {
        let taskID = new.task.taskID
        func owned(_ row: JSON) -> JSON {
            guard case .object(var members) = row else { return row }
            members["task_id"] = .string(taskID.uuidString)
            return .object(members)
        }
        let (addedOutputs, changedOutputs) = difference(old.outputs, new.outputs, id: \.id)
        let (addedSteps, changedSteps) = difference(old.steps, new.steps, id: \.id)
        let (addedEvaluations, changedEvaluations) = difference(old.evaluations, new.evaluations, id: \.id)
        newOutputs += addedOutputs.map { owned($0.json) }
        newSteps += addedSteps.map { step in
            var row = owned(step.json)
            row["priority"] = .integer(Int64(new.task.priority))
            return row
        }
        newEvaluations += addedEvaluations.map { owned($0.json) }
        outputs += changedOutputs.map { owned($0.json) }
        steps += changedSteps.map { owned($0.json) }
        evaluations += changedEvaluations.map { owned($0.json) }
        phases += difference(old.phases, new.phases, id: \.id).changed.map { owned($0.json) }
        newLogs += new.newLogs.map { owned($0.json) }
        let (addedHumanTasks, changedHumanTasks) = difference(old.humanTasks, new.humanTasks, id: \.id)
        newHumanTasks += addedHumanTasks.map { owned($0.json) }
        humanTasks += changedHumanTasks.map { owned($0.json) }
        newSubtasks += new.newSubtasks.map { $0.rows(of: new.task) }
        cancelledSubtasks += new.cancelledSubtasks
        newVersions += new.newVersions.map { owned($0.json) }
        rankings += new.newRankings.map { owned($0.json) }
        finalists += new.newFinalists.map { (taskID, $0) }
        if old.task != new.task { tasks.append(new.task.json) }
        if let delay = new.wakeAfter {
            wakeups.append(["task_id": .string(taskID.uuidString), "run_in": .number(delay / .seconds(1))])
        }
        receivedSignals += new.signals.compactMap { signal in
            signal.receivedBy.map { ["id": .string(signal.id.uuidString), "received_by": .string($0.uuidString)] }
        }
        endedTexts += changedOutputs.filter { $0.status != .writing && $0.status != .rewriting }.map(\.id)
    }

    private func difference<Row: Equatable>(
        _ old: [Row], _ new: [Row], id: KeyPath<Row, UUID>
    ) -> (added: [Row], changed: [Row]) {
        let known = Dictionary(old.map { ($0[keyPath: id], $0) }, uniquingKeysWith: { first, _ in first })
        var added: [Row] = []
        var changed: [Row] = []
        for row in new {
            switch known[row[keyPath: id]] {
            case nil: added.append(row)
            case .some(let previous) where previous != row: changed.append(row)
            default: break
            }
        }
        return (added, changed)
    }
}
