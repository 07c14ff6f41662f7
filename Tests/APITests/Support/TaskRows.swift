import Foundation
import Postgres

/// Rows of a task as a run would leave them.
enum TaskRows {
    /// Adds a phase's steps, outputs with versions, evaluations, a ranking and a text in progress.
    static func add(to taskID: UUID, _ client: PostgresClient, outputs: Int = 4) async throws {
        let statements: [PostgresQuery] = [
            """
            INSERT INTO pressroom.outputs (tenant_id, task_id, track, writer, content, version_number)
            SELECT 'default', \(taskID), 'track ' || n, '{"slug": "warm"}', E'line one\nline "two" ' || n, 1
              FROM generate_series(1, \(outputs)) n
            """,
            """
            INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
            SELECT tenant_id, id, task_id, n, 'write', 'text ' || n
              FROM pressroom.outputs, generate_series(1, 3) n WHERE task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, output_id, kind, agent, sequence)
            SELECT o.tenant_id, o.task_id, p.id, o.id, 'evaluate', 'ada', row_number() OVER (ORDER BY o.id)
              FROM pressroom.outputs o JOIN pressroom.phases p USING (tenant_id, task_id)
             WHERE o.task_id = \(taskID) AND p.key = 'judge'
            """,
            """
            INSERT INTO pressroom.evaluations (tenant_id, task_id, phase_id, step_id, output_id, stage, evaluator, score)
            SELECT tenant_id, task_id, phase_id, id, output_id, 'initial', '{"slug": "ada"}', 7.25
              FROM pressroom.steps WHERE task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.rankings (tenant_id, task_id, phase_id, stage, method, entries, agreement)
            SELECT tenant_id, task_id, id, 'initial', 'mean', '[]', 0.5
              FROM pressroom.phases WHERE task_id = \(taskID) AND key = 'judge'
            """,
            """
            INSERT INTO pressroom.logs (tenant_id, task_id, phase_id, step_id, level, message)
            SELECT tenant_id, task_id, phase_id, id, 'info', 'a line' FROM pressroom.steps WHERE task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.live_texts (tenant_id, output_id, task_id, version_number, step_id, attempt, processor_id,
                                              text)
            SELECT tenant_id, id, task_id, 2, pressroom.uuid_v7(), 1, pressroom.uuid_v7(), 'written so far' FROM pressroom.outputs WHERE task_id = \(taskID) LIMIT 1
            """,
        ]
        _ = try await client.pipeline(statements)
    }
}
