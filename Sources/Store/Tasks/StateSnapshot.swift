import Base
package import Foundation
import Postgres
package import Workflow

/// All that the tables hold of one task at `cursor`: the body of `GET …/state`.
package struct TaskSnapshot: Sendable {
    package let json: JSONText
    package let cursor: Cursor
    package let isTerminal: Bool
    /// Of the latest change of access in the tenant's log; nil: none is retained.
    package let accessPosition: Int64?

    package init(json: JSONText, cursor: Cursor, isTerminal: Bool, accessPosition: Int64?) {
        self.json = json
        self.cursor = cursor
        self.isTerminal = isTerminal
        self.accessPosition = accessPosition
    }
}

/// Parts of a task's state that are left out unless asked for.
package enum StateInclusion: String, Sendable, Hashable, CaseIterable {
    /// The earlier texts of the outputs, under `output_versions`.
    case versions
    /// The lines that phases wrote, under `logs`.
    case logs
    /// What the completed phases brought, under `accumulated_context` of the task.
    case accumulatedContext = "accumulated_context"
}

extension Store {
    /// The state of a task; nil when the scope has no such task.
    ///
    /// One statement, and so one snapshot: a transaction's rows and its move of the head become visible together, so
    /// the rows are exactly those at the cursor. Phases come by `ordinal`, everything else by creation.
    package func taskState(
        _ scope: Scope, _ taskID: UUID, include: Set<StateInclusion> = [], steps: Bool = true
    ) async throws -> TaskSnapshot? {
        try await Self.taskState(database, scope, taskID, include: include, steps: steps)
    }

    static func taskState(
        _ database: PostgresClient, _ scope: Scope, _ taskID: UUID, include: Set<StateInclusion> = [], steps: Bool = true
    ) async throws -> TaskSnapshot? {
        let query = stateQuery(scope, taskID, include, steps: steps)
        guard let sight = scope.sight else {
            return try await database.query(in: scope.tenantID, query).first.map { try snapshot($0, include, steps: steps) }
        }
        // A workflow can become private between the look at the task and its state. Then both are read again.
        while true {
            let results = try await database.pipeline([
                TenantScope.query(scope.tenantID, sight), TenantScope.look(at: taskID, scope.tenantID), query,
            ])
            guard let row = results[2].first else { return nil }
            if try results[1][0].decode("privacy", as: Int64.self) == row.decode("privacy", as: Int64.self) {
                return try snapshot(row, include, steps: steps)
            }
        }
    }

    private static func stateQuery(
        _ scope: Scope, _ taskID: UUID, _ include: Set<StateInclusion>, steps: Bool
    ) -> PostgresQuery {
        let task = TaskInclusion.json(
            "pressroom.task_text(t)", include.contains(.accumulatedContext) ? [.accumulatedContext] : [])
        return """
            SELECT h.epoch, h.position, h.privacy, t.status,
                   pressroom.access_position(t.tenant_id) AS access_position,
                   json_build_object('cursor', h.epoch || '.' || h.position, 'status', t.status, 'phase', t.phase,
                                     'progress', t.progress) AS summary,
                   \(raw: task) AS task,
                   (SELECT json_agg(pressroom.phase_json(p) ORDER BY p.ordinal) FROM pressroom.phases p
                     WHERE p.tenant_id = t.tenant_id AND p.task_id = t.task_id) AS phases,
                   CASE WHEN \(steps)::boolean THEN
                       (SELECT json_agg(pressroom.step_json(s) ORDER BY s.sequence, s.id) FROM pressroom.steps s
                         WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id) END AS steps,
                   (SELECT json_agg(pressroom.output_json(o) ORDER BY o.created_at, o.id) FROM pressroom.outputs o
                     WHERE o.tenant_id = t.tenant_id AND o.task_id = t.task_id) AS outputs,
                   CASE WHEN \(include.contains(.versions))::boolean THEN
                       (SELECT json_agg(pressroom.output_version_json(v) ORDER BY v.created_at, v.id)
                          FROM pressroom.output_versions v
                         WHERE v.tenant_id = t.tenant_id AND v.task_id = t.task_id) END AS output_versions,
                   (SELECT json_agg(pressroom.evaluation_json(e) ORDER BY e.created_at, e.id) FROM pressroom.evaluations e
                     WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id) AS evaluations,
                   (SELECT json_agg(pressroom.ranking_json(r) ORDER BY r.created_at, r.id) FROM pressroom.rankings r
                     WHERE r.tenant_id = t.tenant_id AND r.task_id = t.task_id) AS rankings,
                   CASE WHEN \(include.contains(.logs))::boolean THEN
                       (SELECT json_agg(pressroom.log_json(l) ORDER BY l.created_at, l.id) FROM pressroom.logs l
                         WHERE l.tenant_id = t.tenant_id AND l.task_id = t.task_id) END AS logs,
                   (SELECT json_agg(pressroom.human_task_json(u) ORDER BY u.created_at, u.id) FROM pressroom.human_tasks u
                     WHERE u.tenant_id = t.tenant_id AND u.task_id = t.task_id) AS human_tasks,
                   (SELECT json_agg(CASE WHEN o.id IS NOT NULL
                                         THEN json_build_object('output_id', l.output_id, 'version_number', l.version_number,
                                                                'text', l.text)
                                         ELSE json_build_object('step_id', l.step_id, 'attempt', l.attempt, 'text', l.text)
                                    END ORDER BY l.text_id)
                      FROM pressroom.live_texts l
                      LEFT JOIN pressroom.outputs o ON o.tenant_id = l.tenant_id AND o.id = l.output_id
                       AND o.version_number < l.version_number
                      LEFT JOIN pressroom.steps s ON \(steps)::boolean AND l.output_id IS NULL AND s.tenant_id = l.tenant_id
                       AND s.id = l.step_id AND s.attempt = l.attempt AND s.status = 'running'
                     WHERE l.tenant_id = t.tenant_id AND l.task_id = t.task_id AND (o.id IS NOT NULL OR s.id IS NOT NULL)
                   ) AS live
              FROM pressroom.tasks t JOIN pressroom.stream_heads h USING (tenant_id)
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
               AND (\(scope.sight == nil)::boolean OR \(raw: TenantScope.isSeen))
            """
    }

    private static func snapshot(
        _ row: PostgresRow, _ include: Set<StateInclusion>, steps: Bool
    ) throws -> TaskSnapshot {
        let cursor = Cursor(epoch: try row.decode("epoch"), position: try row.decode("position"))
        let status: TaskStatus = try row.status("status")
        var lists = ["phases"]
        if steps { lists.append("steps") }
        lists.append("outputs")
        if include.contains(.versions) { lists.append("output_versions") }
        lists += ["evaluations", "rankings", "human_tasks"]
        if include.contains(.logs) { lists.append("logs") }
        lists.append("live")
        return TaskSnapshot(
            json: Self.stateBody(row, lists), cursor: cursor, isTerminal: status.isTerminal,
            accessPosition: try row.decode("access_position"))
    }

    /// The cursor that `taskState` would have now; nil when the scope has no such task.
    package func taskStateCursor(_ scope: Scope, _ taskID: UUID) async throws -> Cursor? {
        let rows = try await query(
            scope,
            """
            SELECT h.epoch, h.position FROM pressroom.tasks t JOIN pressroom.stream_heads h USING (tenant_id)
             WHERE t.tenant_id = \(scope.tenantID) AND t.task_id = \(taskID)
            """)
        guard let row = rows.first else { return nil }
        return Cursor(epoch: try row.decode("epoch"), position: try row.decode("position"))
    }

    /// Puts the columns together as they came; nothing is parsed. A list without rows comes as NULL.
    private static func stateBody(_ row: PostgresRow, _ lists: [String]) -> JSONText {
        var body: [UInt8] = []
        body.reserveCapacity(lists.reduce(row["summary"].byteCount + row["task"].byteCount + 256) { $0 + row[$1].byteCount })
        row["summary"].append(to: &body)
        body.removeLast()  // its closing brace
        body.append(contentsOf: ",\"task\":".utf8)
        row["task"].append(to: &body)
        for list in lists {
            body.append(contentsOf: ",\"\(list)\":".utf8)
            if row[list].isNull {
                body.append(contentsOf: "[]".utf8)
            } else {
                row[list].append(to: &body)
            }
        }
        body.append(UInt8(ascii: "}"))
        return JSONText(bytes: body)
    }
}
