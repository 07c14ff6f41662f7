import Postgres
import Workflow

extension Store {
    func insertLogs(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.logs (tenant_id, id, task_id, phase_id, step_id, level, message)
        SELECT \(tenant), r.id, r.task_id, r.phase_id, r.step_id, r.level, r.message
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, phase_id uuid, step_id uuid, level text,
               message text)
        """
    }
}
