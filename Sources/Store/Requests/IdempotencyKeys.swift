import Base
package import Foundation
import Postgres
import Workflow

/// What makes two requests of one user with one `Idempotency-Key` the same request.
package struct IdempotentRequest: Sendable, Hashable {
    package let key: String
    /// Method, path and query.
    package let target: String
    /// In a form that does not depend on spaces and the order of keys; only its hash is kept.
    package let body: String

    package init(key: String, target: String, body: String) {
        self.key = key
        self.target = target
        self.body = body
    }
}

/// The response to a request that creates something, as it is kept for repetitions of the request.
package struct RecordedResponse: Sendable, Hashable {
    package let status: Int
    package let location: String?
    package let body: JSONText
    /// What it is about; nil: nothing that some do not see.
    package let subject: Subject?

    /// Who sees it sees the response.
    package enum Subject: Sendable, Hashable {
        case workflow(UUID)
        case task(UUID)
        case humanTask(UUID)
    }

    package init(status: Int, location: String? = nil, body: JSONText, about subject: Subject? = nil) {
        self.status = status
        self.location = location
        self.body = body
        self.subject = subject
    }
}

extension Store {
    /// Runs a request that creates something, once for each key of the scope's user: what it creates and the record of its
    /// response commit together, and a request with the same key waits for the first and gets the same response.
    ///
    /// A response is only kept when the body does not throw. Without a key it is a plain `write`.
    /// - Throws: `StoreError` `invalid` when the key was used for another request; `conflict` when that is none that the scope
    ///   sees; what the body throws.
    package func writeOnce(
        _ scope: Scope, _ request: IdempotentRequest?,
        _ body: @Sendable (WriteTransaction) async throws -> RecordedResponse
    ) async throws -> (response: RecordedResponse, isRepeated: Bool) {
        try await write(scope) { transaction in
            guard let request else { return (try await body(transaction), false) }
            if let recorded = try await claim(transaction, scope, request) { return (recorded, true) }
            let response = try await body(transaction)
            try await record(transaction, scope, request, response)
            return (response, false)
        }
    }

    /// Takes the key for this transaction. Returns the response when the same request came before.
    private func claim(
        _ transaction: WriteTransaction, _ scope: Scope, _ request: IdempotentRequest
    ) async throws -> RecordedResponse? {
        // Waits while another transaction holds the key, and does nothing when that one commits.
        let claimed = try await transaction.query(
            """
            INSERT INTO pressroom.idempotency_keys (tenant_id, user_id, key, request, status, response)
            VALUES (\(scope.tenantID), \(scope.userID), \(request.key),
                    \(request.target) || ' ' || encode(sha256(convert_to(\(request.body), 'UTF8')), 'hex'), 0, '')
            ON CONFLICT (tenant_id, user_id, key) DO NOTHING
            """)
        if claimed.affectedRows == 1 { return nil }
        guard let recorded = try await recordedResponse(scope, request, transaction.query) else {
            throw StoreError(.conflict, "The idempotency key has just expired. Try again.")
        }
        return recorded
    }

    /// The response that the same request got before; nil when its key is new.
    ///
    /// - Throws: `StoreError` `invalid` when the key was used for another request; `conflict` when that is none that the scope
    ///   sees.
    package func recordedResponse(_ scope: Scope, _ request: IdempotentRequest) async throws -> RecordedResponse? {
        try await recordedResponse(scope, request) { try await database.query(in: scope.tenantID, $0) }
    }

    private func recordedResponse(
        _ scope: Scope, _ request: IdempotentRequest, _ query: (PostgresQuery) async throws -> PostgresResult
    ) async throws -> RecordedResponse? {
        let isSeen: PostgresQuery =
            if let sight = scope.sight {
                """
                (k.workflow_id IS NULL OR (SELECT \(part: sight.condition(onWorkflow: "w")) FROM pressroom.workflows w
                                            WHERE w.tenant_id = k.tenant_id AND w.id = k.workflow_id)) IS TRUE
                """
            } else { "true" }
        let rows = try await query(
            """
            SELECT \(part: isSeen) AS is_seen,
                   request = \(request.target) || ' ' || encode(sha256(convert_to(\(request.body), 'UTF8')), 'hex') AS is_same,
                   status, location, response
              FROM pressroom.idempotency_keys k
             WHERE tenant_id = \(scope.tenantID) AND user_id = \(scope.userID) AND key = \(request.key)
            """)
        guard let row = rows.first else { return nil }
        guard try row.decode("is_seen", as: Bool.self) else {
            throw StoreError(.conflict, "The idempotency key is taken. Use another.")
        }
        guard try row.decode("is_same", as: Bool.self) else {
            throw StoreError(
                .invalid, "The idempotency key was used for another request.",
                problems: [Problem(pointer: "/headers/idempotency-key", detail: "was used for another request")])
        }
        return RecordedResponse(
            status: try row.decode("status"), location: try row.decode("location"),
            body: JSONText(bytes: row["response"].bytes ?? []))
    }

    private func record(
        _ transaction: WriteTransaction, _ scope: Scope, _ request: IdempotentRequest, _ response: RecordedResponse
    ) async throws {
        _ = try await transaction.query(
            """
            UPDATE pressroom.idempotency_keys
               SET status = \(response.status), location = \(response.location), response = \(response.body.string),
                   workflow_id = \(part: response.subject?.workflow(scope.tenantID) ?? "NULL::uuid"),
                   task_id = \(part: response.subject?.task(scope.tenantID) ?? "NULL::uuid")
             WHERE tenant_id = \(scope.tenantID) AND user_id = \(scope.userID) AND key = \(request.key)
            """)
    }

    /// Forgets keys that are older; the same requests then create anew. Returns how many.
    package func deleteIdempotencyKeys(olderThan age: Duration) async throws -> Int {
        try await query(
            .retention,
            "DELETE FROM pressroom.idempotency_keys WHERE created_at < now() - \(age)::interval"
        ).affectedRows
    }
}

extension RecordedResponse.Subject {
    /// SQL of the id of the task that it belongs to.
    fileprivate func task(_ tenant: String) -> PostgresQuery {
        switch self {
        case .workflow: "NULL::uuid"
        case .task(let id): "\(id)::uuid"
        case .humanTask(let id): "(SELECT h.task_id FROM pressroom.human_tasks h WHERE h.tenant_id = \(tenant) AND h.id = \(id))"
        }
    }

    /// SQL of the id of the workflow that it belongs to.
    fileprivate func workflow(_ tenant: String) -> PostgresQuery {
        switch self {
        case .workflow(let id): "\(id)::uuid"
        case .task(let id): "(SELECT t.workflow_id FROM pressroom.tasks t WHERE t.tenant_id = \(tenant) AND t.task_id = \(id))"
        case .humanTask(let id):
            """
            (SELECT t.workflow_id FROM pressroom.human_tasks h JOIN pressroom.tasks t USING (tenant_id, task_id)
              WHERE h.tenant_id = \(tenant) AND h.id = \(id))
            """
        }
    }
}
