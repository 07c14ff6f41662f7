package import Postgres
import Workflow

extension Store {
    /// Runs a request that creates something, once for each key: what it creates and the record of its answer commit
    /// together, and a request with the same key waits for the first and gets the same answer.
    ///
    /// An answer is only kept when the body does not throw. Without a key it is a plain `write`.
    /// - Throws: `StoreError` `invalid` when the key was used for another request; what the body throws.
    package func writeOnce(
        _ scope: Scope, _ request: IdempotentRequest?,
        _ body: @Sendable (PostgresConnection) async throws -> RecordedResponse
    ) async throws -> (response: RecordedResponse, isRepeated: Bool) {
        try await write(scope) { connection in
            guard let request else { return (try await body(connection), false) }
            if let recorded = try await claim(connection, scope, request) { return (recorded, true) }
            let response = try await body(connection)
            try await record(connection, scope, request, response)
            return (response, false)
        }
    }

    /// Takes the key for this transaction; the answer when the same request has been here before.
    private func claim(
        _ connection: PostgresConnection, _ scope: Scope, _ request: IdempotentRequest
    ) async throws -> RecordedResponse? {
        // Waits while another transaction holds the key, and does nothing when that one commits.
        let claimed = try await connection.query(
            """
            INSERT INTO pressroom.idempotency_keys (tenant_id, key, request, status, response)
            VALUES (\(scope.tenantID), \(request.key),
                    \(request.target) || ' ' || encode(sha256(convert_to(\(request.body), 'UTF8')), 'hex'), 0, '')
            ON CONFLICT (tenant_id, key) DO NOTHING
            """)
        if claimed.affectedRows == 1 { return nil }
        guard let recorded = try await recordedResponse(scope, request, connection.query) else {
            throw StoreError(.conflict, "The idempotency key has just expired. Try again.")
        }
        return recorded
    }

    /// The answer that the same request got before; nil when its key is new.
    ///
    /// - Throws: `StoreError` `invalid` when the key was used for another request.
    package func recordedResponse(_ scope: Scope, _ request: IdempotentRequest) async throws -> RecordedResponse? {
        try await recordedResponse(scope, request, database.query)
    }

    private func recordedResponse(
        _ scope: Scope, _ request: IdempotentRequest, _ query: (PostgresQuery) async throws -> PostgresResult
    ) async throws -> RecordedResponse? {
        let rows = try await query(
            """
            SELECT request = \(request.target) || ' ' || encode(sha256(convert_to(\(request.body), 'UTF8')), 'hex') AS is_same,
                   status, location, response
              FROM pressroom.idempotency_keys WHERE tenant_id = \(scope.tenantID) AND key = \(request.key)
            """)
        guard let row = rows.first else { return nil }
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
        _ connection: PostgresConnection, _ scope: Scope, _ request: IdempotentRequest, _ response: RecordedResponse
    ) async throws {
        _ = try await connection.query(
            """
            UPDATE pressroom.idempotency_keys
               SET status = \(response.status), location = \(response.location), response = \(response.body.string)
             WHERE tenant_id = \(scope.tenantID) AND key = \(request.key)
            """)
    }

    /// Forgets keys that are older; what they stood for can be created again. Answers how many.
    package func deleteIdempotencyKeys(olderThan age: Duration) async throws -> Int {
        try await database.query(
            "DELETE FROM pressroom.idempotency_keys WHERE created_at < now() - \(age)::interval"
        ).affectedRows
    }
}

/// What makes two requests with one `Idempotency-Key` the same request.
package struct IdempotentRequest: Sendable, Hashable {
    package let key: String
    /// Method and path.
    package let target: String
    /// In a form that does not depend on spaces and the order of keys; only its hash is kept.
    package let body: String

    package init(key: String, target: String, body: String) {
        self.key = key
        self.target = target
        self.body = body
    }
}

/// The answer to a request that creates something, as it is kept for repetitions of the request.
package struct RecordedResponse: Sendable, Hashable {
    package let status: Int
    package let location: String?
    package let body: JSONText

    package init(status: Int, location: String? = nil, body: JSONText) {
        self.status = status
        self.location = location
        self.body = body
    }
}
