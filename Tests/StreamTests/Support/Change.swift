import Base
import Foundation
import Postgres
import Workflow

/// A statement that changes rows of some tasks, as the service or somebody in psql would.
enum Change: CaseIterable, Sendable {
    case task, content, feedback, steps, phases, version, output, custom

    /// - Parameter note: what tells the change from all others.
    func statement(_ tasks: [StoryTask], note: String, padding: Int) -> PostgresQuery {
        let ids = tasks.map(\.id)
        let tenants = Array(Set(tasks.map(\.tenantID)))
        let text = note + String(repeating: "-", count: padding)
        switch self {
        case .task:
            return """
                UPDATE pressroom.tasks SET result = \(JSON.string(note).text)::jsonb
                 WHERE tenant_id = ANY(\(tenants)::text[]) AND task_id = ANY(\(ids)::uuid[])
                """
        case .content:
            return """
                UPDATE pressroom.outputs SET content = \(text)
                 WHERE tenant_id = ANY(\(tenants)::text[]) AND task_id = ANY(\(ids)::uuid[])
                """
        case .feedback:
            return """
                UPDATE pressroom.outputs SET editor_feedback = \(note)
                 WHERE tenant_id = ANY(\(tenants)::text[]) AND task_id = ANY(\(ids)::uuid[]) AND track = 'a'
                """
        case .steps:
            return """
                UPDATE pressroom.steps SET priority = priority + 1
                 WHERE tenant_id = ANY(\(tenants)::text[]) AND task_id = ANY(\(ids)::uuid[])
                """
        case .phases:
            return """
                UPDATE pressroom.phases SET iteration = iteration + 1
                 WHERE tenant_id = ANY(\(tenants)::text[]) AND task_id = ANY(\(ids)::uuid[])
                """
        case .version:
            return """
                INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
                SELECT o.tenant_id, o.id, o.task_id,
                       (SELECT count(*) + 1 FROM pressroom.output_versions v WHERE v.output_id = o.id), 'write', \(text)
                  FROM pressroom.outputs o
                 WHERE o.tenant_id = ANY(\(tenants)::text[]) AND o.task_id = ANY(\(ids)::uuid[]) AND o.track = 'b'
                """
        case .output:
            return """
                INSERT INTO pressroom.outputs (tenant_id, task_id, track, content)
                SELECT tenant_id, task_id, \(note), \(text) FROM pressroom.tasks
                 WHERE tenant_id = ANY(\(tenants)::text[]) AND task_id = ANY(\(ids)::uuid[])
                """
        case .custom:
            // Of one tenant: another one's head may be out of turn. Line breaks are white space in JSON.
            let own = tasks.filter { $0.tenantID == tasks[0].tenantID }
            let data = "\r\n \"data\": {\"note\":\n" + JSON.string("\(text) \u{2028}\n\r\u{1}é🐈").text + "}\n"
            return """
                SELECT pressroom.record_rows(\(tasks[0].tenantID),
                           array_agg(ROW(task_id, 'custom.note', \(data))::pressroom.row_change ORDER BY task_id))
                  FROM unnest(\(own.map(\.id))::uuid[]) AS task_id
                """
        }
    }
}
