package import Foundation
package import Postgres
package import Workflow

/// What a person may do to a human task.
package enum HumanTaskAction: Sendable {
    /// Takes it, so that nobody else works on it.
    case claim
    /// Answers it; the data must fit its form.
    case complete(JSON)
    /// Gives it to others, and back from whoever had claimed it; nil: to nobody in particular.
    case reassign(assigneeID: String?, assigneeGroup: String?)
    /// Closes it without an answer; its phase fails.
    case cancel

    /// As messages say it: "cannot be …".
    var participle: String {
        switch self {
        case .claim: "claimed"
        case .complete: "completed"
        case .reassign: "reassigned"
        case .cancel: "cancelled"
        }
    }
}

extension Store {
    /// Does to a human task what its person asks for, in a transaction that `write` has opened; the caller gives the hint
    /// after the commit. Claiming what one has claimed already changes nothing.
    ///
    /// Locks the task before the human task, as everything else does.
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` is not the row's version; `conflict` with the current
    ///   status where that does not allow it, where somebody else has claimed it, or where another session holds the row;
    ///   `invalid` when the answer does not fit the form.
    package func actOnHumanTask(
        on connection: PostgresConnection, _ scope: Scope, _ id: UUID, _ action: HumanTaskAction, ifVersion: Int64?
    ) async throws -> HumanTaskView {
        let current = try await refusingHeldRows { try await lockHumanTask(connection, scope.tenantID, id) }
        if let ifVersion, ifVersion != current.version {
            throw StoreError(.stale, "The human task is at version \(current.version), not \(ifVersion).")
        }
        if case .claim = action, current.status == .claimed, current.claimedBy == scope.userID {
            return try await read(connection, scope.tenantID, id)
        }
        try current.check(action, by: scope.userID)
        let tenant = scope.tenantID
        switch action {
        case .claim:
            _ = try await connection.query(
                """
                UPDATE pressroom.human_tasks SET status = 'claimed', claimed_by = \(scope.userID)
                 WHERE tenant_id = \(tenant) AND id = \(id)
                """)
        case .complete(let data):
            let response = try current.response(data)
            _ = try await connection.query(
                """
                UPDATE pressroom.human_tasks
                   SET status = 'completed', response = \(response)::jsonb, completed_by = \(scope.userID)
                 WHERE tenant_id = \(tenant) AND id = \(id)
                """)
        case .reassign(let assigneeID, let assigneeGroup):
            _ = try await connection.query(
                """
                UPDATE pressroom.human_tasks
                   SET status = 'pending', claimed_by = NULL, assignee_id = \(assigneeID), assignee_group = \(assigneeGroup)
                 WHERE tenant_id = \(tenant) AND id = \(id)
                """)
        case .cancel:
            _ = try await connection.query(
                "UPDATE pressroom.human_tasks SET status = 'cancelled' WHERE tenant_id = \(tenant) AND id = \(id)")
        }
        return try await read(connection, tenant, id)
    }

    /// The same in a transaction of its own.
    package func actOnHumanTask(
        _ scope: Scope, _ id: UUID, _ action: HumanTaskAction, ifVersion: Int64? = nil
    ) async throws -> HumanTaskView {
        let view = try await write(scope) { connection in
            try await actOnHumanTask(on: connection, scope, id, action, ifVersion: ifVersion)
        }
        hints.workArrived()
        return view
    }

    private func read(_ connection: PostgresConnection, _ tenant: String, _ id: UUID) async throws -> HumanTaskView {
        let rows = try await connection.query(
            """
            SELECT h.id, h.version, pressroom.human_task_json(h) AS json FROM pressroom.human_tasks h
             WHERE h.tenant_id = \(tenant) AND h.id = \(id)
            """)
        return try HumanTaskView(rows[0])
    }

    private func lockHumanTask(
        _ connection: PostgresConnection, _ tenant: String, _ id: UUID
    ) async throws -> LockedHumanTask {
        let milliseconds = String(Int64(heldRowTimeout / .milliseconds(1)))
        let results = try await connection.pipeline([
            "SELECT set_config('lock_timeout', \(milliseconds), true)",
            """
            SELECT t.task_id FROM pressroom.tasks t
             WHERE t.tenant_id = \(tenant)
               AND t.task_id = (SELECT h.task_id FROM pressroom.human_tasks h WHERE h.tenant_id = \(tenant) AND h.id = \(id))
               FOR NO KEY UPDATE
            """,
            """
            SELECT status, version, claimed_by, form_schema FROM pressroom.human_tasks
             WHERE tenant_id = \(tenant) AND id = \(id) FOR NO KEY UPDATE
            """,
            "SELECT set_config('lock_timeout', '0', true)",
        ])
        guard let row = results[2].first else { throw StoreError(.notFound, "There is no human task \(id.text).") }
        return LockedHumanTask(
            status: try row.status("status"), version: try row.decode("version"), claimedBy: try row.decode("claimed_by"),
            form: try row.json("form_schema"))
    }
}

/// What decides whether an action is allowed.
private struct LockedHumanTask {
    let status: HumanTaskStatus
    let version: Int64
    let claimedBy: String?
    let form: JSON?

    func check(_ action: HumanTaskAction, by userID: String) throws(StoreError) {
        guard !status.isTerminal else {
            throw StoreError(
                .conflict, "A human task that is \(status) cannot be \(action.participle).", status: status.rawValue)
        }
        switch action {
        case .claim, .complete:
            if status == .claimed, let claimedBy, claimedBy != userID {
                throw StoreError(.conflict, "The human task is claimed by \(claimedBy).", status: status.rawValue)
            }
        case .reassign, .cancel: break
        }
    }

    /// The answer with the defaults of the form.
    func response(_ data: JSON) throws(StoreError) -> JSON {
        guard let form else { return data }
        let schema: JSONSchema
        do {
            schema = try JSONSchema(form)
        } catch {
            // Checked when it was published; somebody changed the row by hand.
            throw StoreError(.conflict, "The form of the human task is no JSON Schema: \(error)")
        }
        let response = schema.applyingDefaults(to: data)
        let problems = schema.validate(response, at: "/data")
        guard problems.isEmpty else {
            throw StoreError(.invalid, "The answer does not fit the form: \(problems[0]).", problems: problems)
        }
        return response
    }
}
