package import Foundation
import Postgres
package import Workflow

/// What running steps of a task need to read: the task's own row and its outputs, as they are now.
package struct StepMaterial: Sendable {
    package let task: TaskRow
    package let phases: [PhaseRow]
    package let outputs: [OutputRow]
    package let evaluations: [EvaluationRow]
}

extension StepMaterial {
    /// As a transaction leaves the task.
    package init(_ graph: TaskGraph) {
        self.init(task: graph.task, phases: graph.phases, outputs: graph.outputs, evaluations: graph.evaluations)
    }
}

extension Store {
    /// Reads, without locks, what the steps of these tasks run on.
    package func stepMaterial(_ scope: Scope, _ taskIDs: [UUID]) async throws -> [UUID: StepMaterial] {
        let tenant = scope.tenantID
        let results = try await database.withConnection { connection in
            try await connection.pipeline([
                """
                SELECT task_id, workflow_id, context, input, config, priority, version, status, phase,
                       accumulated_context, result, progress, error, usage, NULL::float8 AS starts_in,
                       NULL::float8 AS locked_at
                  FROM pressroom.tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
                """,
                """
                SELECT task_id, id, key, ordinal, status, iteration, input, output, error
                  FROM pressroom.phases WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[]) ORDER BY ordinal
                """,
                """
                SELECT task_id, id, track, writer, status, editor, content, version_number, edit_cycle, editor_feedback,
                       editor_approved, initial_avg_score, initial_rank, is_finalist, final_total_score, final_rank, usage,
                       error
                  FROM pressroom.outputs WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
                 ORDER BY created_at, id
                """,
                """
                SELECT task_id, id, phase_id, step_id, output_id, stage, evaluator, status, score, criteria_scores,
                       reasoning, rank, weighted_score, usage, error
                  FROM pressroom.evaluations WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
                 ORDER BY created_at, id
                """,
            ])
        }
        let owner = { (row: PostgresRow) in try row.decode("task_id", as: UUID.self) }
        let phases = try Dictionary(grouping: results[1], by: owner)
        let outputs = try Dictionary(grouping: results[2], by: owner)
        let evaluations = try Dictionary(grouping: results[3], by: owner)
        var material: [UUID: StepMaterial] = [:]
        for row in results[0] {
            let task = try TaskRow(row)
            material[task.taskID] = StepMaterial(
                task: task, phases: try (phases[task.taskID] ?? []).map(PhaseRow.init),
                outputs: try (outputs[task.taskID] ?? []).map(OutputRow.init),
                evaluations: try (evaluations[task.taskID] ?? []).map(EvaluationRow.init))
        }
        return material
    }

    /// The definition that a published version holds; it never changes, so callers may keep it.
    package func definition(_ scope: Scope, workflowID: UUID) async throws -> WorkflowDefinition {
        let rows = try await database.query(
            "SELECT definition FROM pressroom.workflows WHERE tenant_id = \(scope.tenantID) AND id = \(workflowID)")
        guard let json = try rows.first?.json("definition") else {
            throw StoreError(.notFound, "no workflow \(workflowID)")
        }
        return try WorkflowDefinition(json: json)
    }

    /// The workflows that these tasks run.
    package func workflowIDs(_ scope: Scope, _ taskIDs: [UUID]) async throws -> [UUID] {
        try await database.query(
            """
            SELECT DISTINCT workflow_id FROM pressroom.tasks
             WHERE tenant_id = \(scope.tenantID) AND task_id = ANY(\(taskIDs)::uuid[])
            """
        ).map { try $0.decode("workflow_id") }
    }
}
