/// What went wrong between here and the rows, with the server's own words where it had any.
package struct PostgresError: Error, Sendable, Hashable {
    /// What kind of failure it is; decide by this and by `sqlState`, never by the message.
    package struct Code: RawRepresentable, Sendable, Hashable {
        package var rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The server refused the statement; `sqlState` says why.
        package static let server = Code(rawValue: "server")
        /// The server stopped the statement without being asked by this client: the statement timeout, or an operator.
        package static let timeout = Code(rawValue: "timeout")
        /// The Swift task was cancelled.
        package static let cancelled = Code(rawValue: "cancelled")
        /// No connection could be made.
        package static let connectionFailed = Code(rawValue: "connection_failed")
        /// The connection broke while the statement ran: it may have taken effect.
        package static let connectionLost = Code(rawValue: "connection_lost")
        /// All connections stayed in use for longer than the acquire timeout.
        package static let poolTimeout = Code(rawValue: "pool_timeout")
        /// The client was shut down.
        package static let shutdown = Code(rawValue: "shutdown")
        /// The transaction had failed before its COMMIT, so the server rolled it back.
        package static let transactionAborted = Code(rawValue: "transaction_aborted")
        /// A column is missing or does not hold what was asked for.
        package static let decoding = Code(rawValue: "decoding")
        /// The statement or a parameter cannot be sent.
        package static let invalidQuery = Code(rawValue: "invalid_query")
        /// The connection string or another setting is wrong.
        package static let invalidConfiguration = Code(rawValue: "invalid_configuration")
        /// The statement needs a part of the protocol that this client does not speak (COPY).
        package static let unsupported = Code(rawValue: "unsupported")
    }

    package var code: Code
    /// The five characters of the server's SQLSTATE.
    package var sqlState: String?
    package var message: String
    package var detail: String?
    package var hint: String?
    package var schema: String?
    package var table: String?
    package var column: String?
    package var constraint: String?
    /// Where in the statement, in characters from 1.
    package var position: Int?
    /// The SQL text, without the values of its parameters.
    package var query: String?

    package init(code: Code, message: String, sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if let sqlState { text += " [\(sqlState)]" }
        if let detail { text += "; \(detail)" }
        if let hint { text += "; hint: \(hint)" }
        if let query { text += "; in: \(query.prefix(500))" }
        return text
    }
}

/// The SQLSTATEs that this client or its users decide by (PostgreSQL documentation, appendix A).
extension PostgresError {
    package enum SQLState {
        package static let featureNotSupported = "0A000"
        package static let foreignKeyViolation = "23503"
        package static let uniqueViolation = "23505"
        package static let checkViolation = "23514"
        package static let invalidStatementName = "26000"
        package static let inFailedTransaction = "25P02"
        package static let serializationFailure = "40001"
        package static let deadlockDetected = "40P01"
        package static let undefinedTable = "42P01"
        package static let lockNotAvailable = "55P03"
        package static let queryCancelled = "57014"
    }
}
