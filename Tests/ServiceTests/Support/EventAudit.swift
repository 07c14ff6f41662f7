import Base
import Postgres
import TestSupport
import Testing
import Workflow

/// Looks at the whole log of a database and at its tables, when nothing moves any more: whatever happened before, the
/// promises must hold.
struct EventAudit {
    private var versions: [String: Int] = [:]
    private var statuses: [String: String] = [:]
    private var lastRows: JSONObject = [:]

    static func check(_ service: TestService, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await positions(service, sourceLocation)
        try await onlyOnce(service, sourceLocation)
        var audit = EventAudit()
        for row in try await service.sql("SELECT position, type, payload FROM pressroom.events ORDER BY position") {
            let position: Int = try row.decode("position")
            let payload = try JSON(parsing: row.decode("payload", as: String.self))
            audit.read(try row.decode("type"), payload, at: position, sourceLocation)
        }
        try await audit.compareWithTables(service, sourceLocation)
    }

    /// Gapless from 1 to the head, in every tenant.
    private static func positions(_ service: TestService, _ sourceLocation: SourceLocation) async throws {
        let heads = try await service.sql(
            """
            SELECT h.position AS head, count(e.position) AS events, coalesce(min(e.position), 1) AS first,
                   coalesce(max(e.position), 0) AS last
              FROM pressroom.stream_heads h LEFT JOIN pressroom.events e USING (tenant_id) GROUP BY h.tenant_id, h.position
            """)
        for row in heads {
            let (head, events): (Int, Int) = (try row.decode("head"), try row.decode("events"))
            let (first, last): (Int, Int) = (try row.decode("first"), try row.decode("last"))
            #expect(first == 1 && last == head && events == head, "positions have gaps", sourceLocation: sourceLocation)
        }
        let pending = try await service.number("SELECT count(*) FROM pressroom.pending_events")
        #expect(pending == 0, "changes wait for an event", sourceLocation: sourceLocation)
    }

    /// Every text and every verdict exists once, and none is missing in a completed task.
    private static func onlyOnce(_ service: TestService, _ sourceLocation: SourceLocation) async throws {
        let wrong = [
            "two versions with one number": """
                SELECT count(*) FROM (SELECT FROM pressroom.output_versions
                 GROUP BY tenant_id, output_id, version_number HAVING count(*) > 1) d
                """,
            "outputs whose versions are not 1 to version_number": """
                SELECT count(*) FROM pressroom.outputs o WHERE o.version_number <> (SELECT count(*)
                  FROM pressroom.output_versions v WHERE v.output_id = o.id AND v.version_number BETWEEN 1 AND o.version_number)
                """,
            "two evaluations of one step and output": """
                SELECT count(*) FROM (SELECT FROM pressroom.evaluations
                 GROUP BY tenant_id, step_id, output_id HAVING count(*) > 1) d
                """,
            "two evaluations of an output by one judge in one phase": """
                SELECT count(*) FROM (SELECT FROM pressroom.evaluations
                 GROUP BY tenant_id, phase_id, output_id, evaluator ->> 'slug' HAVING count(*) > 1) d
                """,
            "open steps of ended tasks": """
                SELECT count(*) FROM pressroom.steps s JOIN pressroom.tasks t USING (tenant_id, task_id)
                 WHERE t.status IN ('completed', 'failed', 'cancelled')
                   AND s.status NOT IN ('completed', 'failed', 'skipped', 'cancelled')
                """,
            "open phases of ended tasks": """
                SELECT count(*) FROM pressroom.phases s JOIN pressroom.tasks t USING (tenant_id, task_id)
                 WHERE t.status IN ('completed', 'failed', 'cancelled')
                   AND s.status NOT IN ('completed', 'failed', 'skipped', 'cancelled')
                """,
            "open human tasks of ended tasks": """
                SELECT count(*) FROM pressroom.human_tasks h JOIN pressroom.tasks t USING (tenant_id, task_id)
                 WHERE t.status IN ('completed', 'failed', 'cancelled') AND h.status IN ('pending', 'claimed')
                """,
            "open evaluations of completed tasks": """
                SELECT count(*) FROM pressroom.evaluations e JOIN pressroom.tasks t USING (tenant_id, task_id)
                 WHERE t.status = 'completed' AND e.status NOT IN ('completed', 'failed')
                """,
        ]
        for (what, query) in wrong {
            let count = try await service.number(PostgresQuery(sql: query))
            #expect(count == 0, "\(what): \(count)", sourceLocation: sourceLocation)
        }
    }

    private mutating func read(_ type: String, _ payload: JSON, at position: Int, _ sourceLocation: SourceLocation) {
        switch type {
        case "task_updated": read(.task, payload["task"], "task_id", position, sourceLocation)
        case "phase_changed": read(.phase, payload["phase"], "id", position, sourceLocation)
        case "step_updated": read(.step, payload["step"], "id", position, sourceLocation)
        case "queue_built":
            for step in payload["steps"]?.array ?? [] { read(.step, step, "id", position, sourceLocation) }
        case "output_updated": read(.output, payload["output"], "id", position, sourceLocation)
        case "evaluation_updated": read(.evaluation, payload["evaluation"], "id", position, sourceLocation)
        case "human_task_updated": read(.humanTask, payload["human_task"], "id", position, sourceLocation)
        default: break
        }
    }

    /// One event for each change of a row, in the order of the changes, by legal transitions only.
    private mutating func read(
        _ entity: Transition.Entity, _ row: JSON?, _ key: String, _ position: Int, _ sourceLocation: SourceLocation
    ) {
        guard let row, let id = row[key]?.string, let status = row["status"]?.string else {
            Issue.record("the event \(position) has no row", sourceLocation: sourceLocation)
            return
        }
        if let version = row["version"]?.int {
            let expected = versions[id].map { $0 + 1 } ?? 1
            #expect(version == expected, "event \(position): \(entity) \(id)", sourceLocation: sourceLocation)
            versions[id] = version
        }
        if let before = statuses[id], before != status {
            #expect(
                Transitions.isLegal(entity: entity, from: before, to: status),
                "event \(position): \(entity) \(id) from \(before) to \(status)", sourceLocation: sourceLocation)
        }
        statuses[id] = status
        lastRows["\(entity) \(id)"] = row
    }

    /// The last event of each row is the row.
    private func compareWithTables(_ service: TestService, _ sourceLocation: SourceLocation) async throws {
        let rows = try await service.sql(
            """
            SELECT 'task ' || task_id AS key, pressroom.task_json(r)::text AS row FROM pressroom.tasks r
            UNION ALL SELECT 'phase ' || id, pressroom.phase_json(r)::text FROM pressroom.phases r
            UNION ALL SELECT 'step ' || id, pressroom.step_json(r)::text FROM pressroom.steps r
            UNION ALL SELECT 'output ' || id, pressroom.output_json(r)::text FROM pressroom.outputs r
            UNION ALL SELECT 'evaluation ' || id, pressroom.evaluation_json(r)::text FROM pressroom.evaluations r
            UNION ALL SELECT 'humanTask ' || id, pressroom.human_task_json(r)::text FROM pressroom.human_tasks r
            """)
        #expect(rows.count == lastRows.count, "rows and events of them", sourceLocation: sourceLocation)
        for row in rows {
            let key: String = try row.decode("key")
            let json = try JSON(parsing: row.decode("row", as: String.self))
            #expect(lastRows[key] == json, "\(key) is not as its last event says", sourceLocation: sourceLocation)
        }
    }
}
