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
        let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue) \(readOnly ? "READ ONLY" : "READ WRITE")"
        _ = try await perform(.script(begin))
        let value: T
        do {
            value = try await body(self)
            if Task.isCancelled { throw PostgresError.cancelledBeforeSending }
        } catch {
            await rollBack()
            throw error
        }
        // From here on the outcome matters more than the cancellation.
        let tag: String?
        do {
            tag = try await perform(.script("COMMIT"), isShielded: true).first?.commandTag
        } catch {
            if isInTransaction { await rollBack() }
            throw error
        }
        guard tag == "COMMIT" else {
            throw PostgresError(
                code: .transactionAborted,
                message: "the transaction was rolled back, because a statement in it had failed"
            )
        }
        return value
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
