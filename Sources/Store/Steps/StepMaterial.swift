package import Foundation
import Postgres
import Workflow

/// The rows of a task that its running steps read, as they are now.
package struct StepMaterial: Sendable {
    package let task: TaskRow
    package let phases: [PhaseRow]
    package let outputs: [OutputRow]
    package let evaluations: [EvaluationRow]
}

extension StepMaterial {
    /// The rows as a transaction leaves the task.
    package init(_ graph: TaskGraph) {
        self.init(task: graph.task, phases: graph.phases, outputs: graph.outputs, evaluations: graph.evaluations)
    }
}

extension Store {
    /// Reads, without locks, what the steps of these tasks run on.
    package func stepMaterial(_ scope: Scope, _ taskIDs: [UUID]) async throws -> [UUID: StepMaterial] {
        let tenant = scope.tenantID
        let results = try await database.pipeline([
            TaskRow.select(tenant, taskIDs, .none),
            PhaseRow.select(tenant, taskIDs, .none),
            OutputRow.select(tenant, taskIDs, .none),
            EvaluationRow.select(tenant, taskIDs, .none),
        ])
        let phases = try results[1].byTask(PhaseRow.init)
        let outputs = try results[2].byTask(OutputRow.init)
        let evaluations = try results[3].byTask(EvaluationRow.init)
        return try results[0].reduce(into: [:]) { material, row in
            let task = try TaskRow(row)
            let id = task.taskID
            material[id] = StepMaterial(
                task: task, phases: phases[id] ?? [], outputs: outputs[id] ?? [], evaluations: evaluations[id] ?? [])
        }
    }
}
