import Base
package import Foundation
import Postgres
package import Workflow

/// New rows of `calls` and `call_bodies`: a request of a run of a step.
package struct CallRow: Sendable {
    let record: MadeCall
    let phaseID: UUID
    let stepID: UUID
    let attempt: Int
    /// From 1, within the attempt.
    let sequence: Int

    package var id: UUID { record.id }

    package init(_ record: MadeCall, phaseID: UUID, stepID: UUID, attempt: Int, sequence: Int) {
        self.record = record
        self.phaseID = phaseID
        self.stepID = stepID
        self.attempt = attempt
        self.sequence = sequence
    }

    private static let table = Table(
        "calls",
        fixed: """
            id uuid, task_id uuid, phase_id uuid, step_id uuid, attempt integer, sequence integer, kind text, agent text,
            provider text, model_asked text, model_answered text, status text, finish_reason text, usage json, error json,
            trace_id text, span_id text, sent_at timestamptz, first_token_at timestamptz, ended_at timestamptz
            """)

    /// SQL of the JSON of a call `c` with its row `b` of `call_bodies`, if it has one.
    static let withBodies = """
        left(pressroom.call_text(c), -1) || ',"request":' || coalesce(to_json(b.request)::text, 'null')
            || ',"response":' || coalesce(to_json(b.response)::text, 'null')
            || ',"request_bytes":' || coalesce(b.request_bytes::text, 'null')
            || ',"response_bytes":' || coalesce(b.response_bytes::text, 'null')
            || ',"request_cut":' || coalesce(b.request_cut, false) || ',"response_cut":' || coalesce(b.response_cut, false) || '}'
        """

    private static let bodies = Table(
        "call_bodies", key: "call_id",
        fixed: """
            call_id uuid, request text, response text, request_bytes bigint, response_bytes bigint, request_cut boolean,
            response_cut boolean
            """)

    func write(to row: inout RecordSet, taskID: UUID) {
        row.set("id", record.id)
        row.set("task_id", taskID)
        row.set("phase_id", phaseID)
        row.set("step_id", stepID)
        row.set("attempt", .integer(Int64(attempt)))
        row.set("sequence", .integer(Int64(sequence)))
        row.set("kind", .string(record.kind.rawValue))
        row.set("agent", record.agent.map(JSON.string))
        row.set("provider", record.provider.map(JSON.string))
        row.set("model_asked", record.modelAsked.map(JSON.string))
        row.set("model_answered", record.modelAnswered.map { .string($0.replacingNULs()) })
        row.set("status", .string(record.status.rawValue))
        row.set("finish_reason", record.finishReason.map { .string($0.rawValue) })
        row.set("usage", record.usage?.json ?? [:])
        row.set("error", record.error)
        row.set("trace_id", record.traceID.map(JSON.string))
        row.set("span_id", record.spanID.map(JSON.string))
        row.set("sent_at", .string(Timestamp(record.sentAt).text))
        row.set("first_token_at", record.firstTokenAt.map { .string(Timestamp($0).text) })
        row.set("ended_at", .string(Timestamp(record.endedAt).text))
    }

    func writeBodies(to row: inout RecordSet, _ bodies: CallBodies) {
        row.set("call_id", record.id)
        row.set("request", bodies.request.map(JSON.string))
        row.set("response", bodies.response.map(JSON.string))
        row.set("request_bytes", .integer(Int64(bodies.requestBytes)))
        row.set("response_bytes", .integer(Int64(bodies.responseBytes)))
        row.set("request_cut", .bool(bodies.isRequestCut))
        row.set("response_cut", .bool(bodies.isResponseCut))
    }

    var bodies: CallBodies? { record.bodies }

    static func insert(_ rows: RecordSet, _ tenant: String) -> PostgresQuery { insert(rows, into: table, tenant) }

    static func insertBodies(_ rows: RecordSet, _ tenant: String) -> PostgresQuery { insert(rows, into: bodies, tenant) }

    /// Rows that are there already are left out: a result is written again where the answer to its first commit was lost.
    private static func insert(_ rows: RecordSet, into table: Table, _ tenant: String) -> PostgresQuery {
        """
        \(part: table.insert(rows, tenant))
         WHERE NOT EXISTS (SELECT FROM pressroom.\(raw: table.name) k
                            WHERE k.tenant_id = \(tenant) AND k.\(raw: table.key) = r.\(raw: table.key))
        """
    }
}

/// What a list of calls is narrowed by; nil and empty mean: not by this.
package struct CallFilter: Sendable {
    package var taskID: UUID?
    package var stepID: UUID?
    /// `provider/model`, as it was asked.
    package var model: String?
    package var statuses: [MadeCall.Status] = []
    /// RFC 3339; calls that were sent at or after it.
    package var since: String?

    package init() {}
}

extension Store {
    /// Calls, the last that was made first, without their bodies.
    package func calls(
        _ scope: Scope, _ filter: CallFilter, _ page: PageRequest, examined: Int = PageRequest.examined
    ) async throws -> ListPage {
        var list = RecordList(table: "calls", item: "pressroom.call_json(t)", scope, page)
        list.add(task: filter.taskID)
        list.add(step: filter.stepID)
        if let model = filter.model { list.add("t.model_asked = \(model)") }
        if !filter.statuses.isEmpty { list.add("t.status = ANY(\(filter.statuses.map(\.rawValue))::text[])") }
        list.add(since: filter.since, column: "sent_at")
        return try await list.page(examined: examined, database)
    }

    /// One call with its bodies: `request`, `response`, and how long they were; null where they are not kept, or no longer.
    /// Nil when there is no such call.
    package func call(_ scope: Scope, _ id: UUID) async throws -> JSONText? {
        let rows = try await query(
            scope,
            """
            SELECT \(raw: CallRow.withBodies) AS json
              FROM pressroom.calls c LEFT JOIN pressroom.call_bodies b ON b.tenant_id = c.tenant_id AND b.call_id = c.id
             WHERE c.tenant_id = \(scope.tenantID) AND c.id = \(id)
            """)
        return rows.first.map { JSONText(bytes: $0["json"].bytes ?? []) }
    }

    /// Removes bodies of calls that were sent longer ago than the retention, or the tenant's own. Returns how many.
    ///
    /// - Parameter batch: how many one transaction removes.
    package func pruneCallBodies(olderThan age: Duration, batch: Int = 2_000) async throws -> Int {
        let tenants = try await query(.retention, "SELECT tenant_id, calls_retention FROM pressroom.tenants ORDER BY tenant_id")
        var removed = 0
        for tenant in tenants {
            let tenantID: String = try tenant.decode(0)
            let seconds = try tenant.decode(1, as: Int?.self).map(Double.init) ?? age / .seconds(1)
            while true {
                let rows = try await database.query(
                    in: tenantID,
                    """
                    SELECT pressroom.remove_call_bodies(\(tenantID), now() - make_interval(secs => \(seconds)), \(batch))
                    """)
                let part: Int = try rows[0].decode(0)
                removed += part
                if part < batch { break }
            }
        }
        return removed
    }
}
