package import Base
package import Foundation
import Postgres
package import Workflow

/// What a person may do to a human task.
package enum HumanTaskAction: Sendable {
    /// Takes it, so that no other person works on it.
    case claim
    /// Completes it with data that must fit its form.
    case complete(JSON)
    /// Gives it to another person or group and ends its claim; nil: to no one in particular.
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
    /// Does to a human task what its person asks for, in a transaction that `write` has opened. Claiming it again changes
    /// nothing.
    ///
    /// Locks the task before the human task, as everywhere.
    /// - Parameter principal: must be its assignee, in its group, or an admin, or hold a ticket for it; nil: not asked.
    /// - Throws: `StoreError` `notFound`; `forbidden`; `stale` when `ifVersion` does not have the row's version; `conflict` with the current
    ///   status where that does not allow it, where another person has claimed it, or where another session holds the row;
    ///   `invalid` when the answer does not fit the form.
    package func actOnHumanTask(
        on transaction: WriteTransaction, _ scope: Scope, _ id: UUID, _ action: HumanTaskAction, ifVersion: RowVersions?,
        by principal: Principal? = nil
    ) async throws -> HumanTaskView {
        let current = try await refusingHeldRows { try await lockHumanTask(transaction, scope.tenantID, id) }
        if let principal, principal.ticket?.answers.contains(id) != true,
            !principal.mayAnswer(
                assigneeID: current.assigneeID, assigneeGroup: current.assigneeGroup, workspaceID: current.workspaceID)
        {
            throw StoreError(.forbidden, "The human task is for its assignee, its group and admins.")
        }
        try StoreError.require(ifVersion, ofVersion: current.version, "human task")
        let isClaimedAgain =
            if case .claim = action { current.status == .claimed && current.claimedBy == scope.userID } else { false }
        if !isClaimedAgain {
            try current.check(action, by: scope.userID)
            _ = try await transaction.query(try await query(action, scope, id, current))
            transaction.announce(.due)
        }
        guard let view = try await humanTask(scope, id, transaction.query) else { throw StoreError.noHumanTask(id) }
        return view
    }

    private func query(
        _ action: HumanTaskAction, _ scope: Scope, _ id: UUID, _ current: LockedHumanTask
    ) async throws -> PostgresQuery {
        let tenant = scope.tenantID
        switch action {
        case .claim:
            return """
                UPDATE pressroom.human_tasks SET status = 'claimed', claimed_by = \(scope.userID)
                 WHERE tenant_id = \(tenant) AND id = \(id)
                """
        case .complete(let data):
            let response = try await current.response(data, maxBytes: maxInputBytes)
            return """
                UPDATE pressroom.human_tasks
                   SET status = 'completed', response = \(response)::json, completed_by = \(scope.userID)
                 WHERE tenant_id = \(tenant) AND id = \(id)
                """
        case .reassign(let assigneeID, let assigneeGroup):
            return """
                UPDATE pressroom.human_tasks
                   SET status = 'pending', claimed_by = NULL, assignee_id = \(assigneeID), assignee_group = \(assigneeGroup)
                 WHERE tenant_id = \(tenant) AND id = \(id)
                """
        case .cancel:
            return "UPDATE pressroom.human_tasks SET status = 'cancelled' WHERE tenant_id = \(tenant) AND id = \(id)"
        }
    }

    private func lockHumanTask(
        _ transaction: WriteTransaction, _ tenant: String, _ id: UUID
    ) async throws -> LockedHumanTask {
        let results = try await transaction.pipeline([
            .lockTimeout(heldRowTimeout),
            """
            SELECT t.task_id, t.workspace_id FROM pressroom.tasks t
             WHERE t.tenant_id = \(tenant)
               AND t.task_id = (SELECT h.task_id FROM pressroom.human_tasks h WHERE h.tenant_id = \(tenant) AND h.id = \(id))
               FOR NO KEY UPDATE
            """,
            """
            SELECT status, version, claimed_by, assignee_id, assignee_group, form_schema FROM pressroom.human_tasks
             WHERE tenant_id = \(tenant) AND id = \(id) FOR NO KEY UPDATE
            """,
            .lockTimeout(.zero),
        ])
        guard let task = results[1].first, let row = results[2].first else { throw StoreError.noHumanTask(id) }
        return LockedHumanTask(
            status: try row.status("status"), version: try row.decode("version"), claimedBy: try row.decode("claimed_by"),
            assigneeID: try row.decode("assignee_id"), assigneeGroup: try row.decode("assignee_group"),
            workspaceID: try task.decode("workspace_id"), form: Result { try row.json("form_schema") })
    }
}

extension StoreError {
    fileprivate static func noHumanTask(_ id: UUID) -> StoreError {
        StoreError(.notFound, "There is no human task \(id.text).")
    }
}

/// What decides whether an action is allowed.
private struct LockedHumanTask {
    let status: HumanTaskStatus
    let version: Int64
    let claimedBy: String?
    let assigneeID: String?
    let assigneeGroup: String?
    let workspaceID: UUID?
    /// Only an answer needs it.
    let form: Result<JSON?, any Error>

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

    /// The answer with the form's defaults.
    func response(_ data: JSON, maxBytes: Int) async throws -> JSON {
        guard let form = try form.get() else { return data }
        return try await onConcurrentPool {
            let schema: JSONSchema
            do {
                schema = try JSONSchema(form)
            } catch {
                // It was checked when it was published: the row was changed by hand.
                throw StoreError(.conflict, "The form of the human task is no JSON Schema: \(error)")
            }
            do throws(ProblemList) {
                return try schema.completed(data, at: "/data", maxBytes: maxBytes)
            } catch {
                throw StoreError(.invalid, "The answer does not fit the form: \(error.problems[0]).", problems: error.problems)
            }
        }
    }
}
