import Base
package import Foundation
import Postgres
import Workflow

/// An output's row as a client gets it, with what the answer's headers need.
package struct OutputView: Sendable {
    package let json: JSONText
    package let version: Int64

    init(_ row: PostgresRow) throws {
        json = JSONText(bytes: row["json"].bytes ?? [])
        version = try row.decode("version")
    }
}

/// The longest text that a person may give a draft, in Unicode scalars; `http.max_body_bytes` is the tighter bound by default.
package let longestDraft = 8 << 20

extension Store {
    /// Puts a person's text on a draft, also of a task that is over. Triggers make it a version of its own, and have a
    /// processor read it again wherever the task shows it (migrations/0014_by_hand). The text that the draft has already
    /// changes nothing.
    ///
    /// - Parameter content: not empty, and without U+0000.
    /// - Throws: `StoreError` `notFound`; `stale` when `ifVersion` does not have the row's version; `conflict` with the current
    ///   status of a draft that a model works on or that has no text yet, or where another session holds the row.
    package func editOutput(
        _ scope: Scope, _ id: UUID, content: String, ifVersion: RowVersions?
    ) async throws -> OutputView {
        try await write(scope) { transaction in
            let (view, current) = try await refusingHeldRows { try await lockOutput(transaction, scope.tenantID, id) }
            try StoreError.require(ifVersion, ofVersion: view.version, "output")
            if let reason = current.status.refusesEdits(hasText: current.content != nil) {
                throw StoreError(.conflict, reason, status: current.status.rawValue)
            }
            guard current.content != content else { return view }
            let results = try await transaction.pipeline([
                "UPDATE pressroom.outputs SET content = \(content) WHERE tenant_id = \(scope.tenantID) AND id = \(id)",
                Self.outputView(scope.tenantID, id),
            ])
            transaction.announce(.due)
            guard let row = results[1].first else { throw StoreError.noOutput(id) }
            return try OutputView(row)
        }
    }

    /// Locks the task before its output, as everywhere.
    private func lockOutput(
        _ transaction: WriteTransaction, _ tenant: String, _ id: UUID
    ) async throws -> (view: OutputView, current: (status: OutputStatus, content: String?)) {
        let results = try await transaction.pipeline([
            .lockTimeout(heldRowTimeout),
            """
            SELECT FROM pressroom.tasks t
             WHERE t.tenant_id = \(tenant)
               AND t.task_id = (SELECT o.task_id FROM pressroom.outputs o WHERE o.tenant_id = \(tenant) AND o.id = \(id))
               FOR NO KEY UPDATE
            """,
            "SELECT FROM pressroom.outputs WHERE tenant_id = \(tenant) AND id = \(id) FOR NO KEY UPDATE",
            .lockTimeout(.zero),
            Self.outputView(tenant, id),
        ])
        guard let row = results[4].first else { throw StoreError.noOutput(id) }
        return (try OutputView(row), (try row.status("status"), try row.decode("content")))
    }

    private static func outputView(_ tenant: String, _ id: UUID) -> PostgresQuery {
        """
        SELECT pressroom.output_json(o) AS json, o.version, o.status, o.content FROM pressroom.outputs o
         WHERE o.tenant_id = \(tenant) AND o.id = \(id)
        """
    }
}

extension OutputStatus {
    /// Why a draft in this status cannot be edited; nil when it can.
    fileprivate func refusesEdits(hasText: Bool) -> String? {
        switch self {
        case .writing, .editing, .rewriting: "A draft that is \(self) cannot be edited: a model works on it."
        case _ where !hasText: "A draft that is \(self) cannot be edited: it has no text yet."
        default: nil
        }
    }
}

extension StoreError {
    fileprivate static func noOutput(_ id: UUID) -> StoreError {
        StoreError(.notFound, "There is no output \(id.text).")
    }
}
