/// Why a statement or a connection failed, with the fields of the server's error where it sent one.
package struct PostgresError: Error, Sendable, Hashable {
    /// The kind of failure; decide by it and by `sqlState`, never by the message.
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
        /// The statement needs a part of the protocol that this client does not implement (COPY).
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
        package static let uniqueViolation = "23505"
        package static let checkViolation = "23514"
        package static let invalidStatementName = "26000"
        package static let readOnly = "25006"
        package static let inFailedTransaction = "25P02"
        package static let serializationFailure = "40001"
        package static let deadlockDetected = "40P01"
        package static let undefinedTable = "42P01"
        package static let diskFull = "53100"
        package static let tooManyConnections = "53300"
        package static let lockNotAvailable = "55P03"
        package static let queryCancelled = "57014"
    }
}

extension PostgresError {
    /// The error of a result that carries one.
    init(_ result: ResultHandle, query: String?) {
        let sqlState = result.errorField(.sqlState)
        let message = result.errorField(.message) ?? result.errorMessage
        self.init(
            code: sqlState == SQLState.queryCancelled ? .timeout : .server,
            message: message.trimmingLineEnd,
            sqlState: sqlState
        )
        detail = result.errorField(.detail)
        hint = result.errorField(.hint)
        schema = result.errorField(.schema)
        table = result.errorField(.table)
        column = result.errorField(.column)
        constraint = result.errorField(.constraint)
        position = result.errorField(.position).flatMap { Int($0) }
        self.query = query
    }
}

extension String {
    /// The text without the line breaks and spaces that libpq's messages end with.
    var trimmingLineEnd: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

/// The fields of a server error (libpq's `PG_DIAG_*`, which are character macros that Swift does not import).
enum PostgresErrorField: Int32 {
    case severity = 0x56  // V, never translated
    case sqlState = 0x43  // C
    case message = 0x4D  // M
    case detail = 0x44  // D
    case hint = 0x48  // H
    case position = 0x50  // P
    case schema = 0x73  // s
    case table = 0x74  // t
    case column = 0x63  // c
    case constraint = 0x6E  // n
}

extension PostgresError {
    /// The error of a failed attempt to connect, from libpq's message, which contains the SQLSTATE as `FATAL:  28P01: …`
    /// (libpq offers it in no other way before the connection is made).
    init(connecting message: String) {
        var lines = message.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
            .map { String($0.trimmingPrefix(while: \.isWhitespace)) }
        var sqlState: String?
        for (index, line) in lines.enumerated() {
            guard let match = line.firstMatch(of: #/:  ([0-9A-Z]{5}): /#) else { continue }
            sqlState = String(match.1)
            lines[index] = line.replacing(match.0, with: ": ", maxReplacements: 1)
        }
        self.init(code: .connectionFailed, message: lines.joined(separator: "; "), sqlState: sqlState)
    }

    /// Trying again later can help: the server is away, starting, stopping or full. A wrong password or a missing
    /// database stays wrong.
    var isConnectingWorthRetrying: Bool {
        guard code == .connectionFailed else { return false }
        guard let sqlState else { return true }
        return ["08", "53", "57"].contains(String(sqlState.prefix(2)))
    }
}
