extension PostgresConnection {
    /// Runs `body` between BEGIN and COMMIT. When it throws, or the task is cancelled, everything is rolled back.
    ///
    /// Throws what `body` throws, or `PostgresError`: also when the server turned the COMMIT into a rollback, because
    /// a statement had failed and `body` went on (`.transactionAborted`). When the connection breaks during COMMIT
    /// (`.connectionLost`), it is unknown whether it took effect.
    package func withTransaction<T: Sendable>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false,
        _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await withTransaction(isolation: isolation, readOnly: readOnly, opening: [], closing: [], body).value
    }

    /// The same with statements that go out together with BEGIN and with COMMIT, and so cost no round trip of their
    /// own. Answers the results of the closing ones; when one of these fails, everything is rolled back.
    package func withTransaction<T: Sendable>(
        isolation: IsolationLevel = .readCommitted, readOnly: Bool = false, opening: [PostgresQuery],
        closing: [PostgresQuery], _ body: (PostgresConnection) async throws -> T
    ) async throws -> (value: T, closing: [PostgresResult]) {
        let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue) \(readOnly ? "READ ONLY" : "READ WRITE")"
        let value: T
        do {
            _ = try await perform(opening.isEmpty ? .script(begin) : .pipeline([PostgresQuery(sql: begin)] + opening))
            value = try await body(self)
            if Task.isCancelled { throw PostgresError.cancelledBeforeSending }
        } catch {
            if isInTransaction { await rollBack() }
            throw error
        }
        // From here on the outcome matters more than the cancellation.
        var results: [PostgresResult]
        do {
            results = try await perform(closing.isEmpty ? .script("COMMIT") : .pipeline(closing + ["COMMIT"]), isShielded: true)
        } catch {
            if isInTransaction { await rollBack() }
            throw error.sqlState == PostgresError.SQLState.inFailedTransaction ? .rolledBack : error
        }
        guard results.popLast()?.commandTag == "COMMIT" else { throw PostgresError.rolledBack }
        return (value, results)
    }

    /// Also for a cancelled task; a session that cannot be cleaned is closed.
    private func rollBack() async {
        do {
            _ = try await perform(.script("ROLLBACK"), isShielded: true)
        } catch {
            close()
        }
    }
}

extension PostgresError {
    fileprivate static let rolledBack = PostgresError(
        code: .transactionAborted, message: "the transaction was rolled back, because a statement in it had failed")
}
