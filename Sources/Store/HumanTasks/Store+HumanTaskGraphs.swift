import Foundation
import Postgres
import Workflow

extension Store {
    /// Adds to the graphs, and locks, what people were asked for; nothing is asked where no step is of their kind.
    func loadHumanTasks(
        _ connection: PostgresConnection, _ tenant: String, into graphs: inout [TaskGraph], lockTimeout: Duration
    ) async throws {
        let taskIDs = graphs.filter { $0.steps.contains { $0.kind == .human } }.map(\.task.taskID)
        guard !taskIDs.isEmpty else { return }
        let milliseconds = String(Int64(lockTimeout / .milliseconds(1)))
        let results = try await connection.pipeline([
            "SELECT set_config('lock_timeout', \(milliseconds), true)",
            """
            SELECT task_id, id, step_id, title, description, form_schema, assignee_id, assignee_group, status, response,
                   completed_by, reminded_at IS NOT NULL AS is_reminded,
                   extract(epoch FROM due_at - now())::float8 AS due_in,
                   extract(epoch FROM reminder_at - now())::float8 AS reminder_in
              FROM pressroom.human_tasks WHERE tenant_id = \(tenant) AND task_id = ANY(\(taskIDs)::uuid[])
             ORDER BY task_id, id FOR NO KEY UPDATE
            """,
            "SELECT set_config('lock_timeout', '0', true)",
        ])
        for row in results[1] {
            let taskID: UUID = try row.decode("task_id")
            guard let index = graphs.firstIndex(where: { $0.task.taskID == taskID }) else { continue }
            graphs[index].humanTasks.append(try HumanTaskRow(row))
        }
    }

    func insertHumanTasks(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.human_tasks (tenant_id, id, task_id, step_id, title, description, form_schema, assignee_id,
               assignee_group, due_at, reminder_at)
        SELECT \(tenant), r.id, r.task_id, r.step_id, r.title, r.description, r.form_schema, r.assignee_id,
               r.assignee_group, now() + make_interval(secs => r.due_in), now() + make_interval(secs => r.reminder_in)
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, step_id uuid, title text, description text,
               form_schema jsonb, assignee_id text, assignee_group text, due_in double precision,
               reminder_in double precision)
        """
    }

    func updateHumanTasks(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.human_tasks h
           SET status = r.status, reminded_at = CASE WHEN r.is_reminded THEN coalesce(h.reminded_at, now()) END
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, status text, is_reminded boolean)
         WHERE h.tenant_id = \(tenant) AND h.id = r.id
        """
    }
}
