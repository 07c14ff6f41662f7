package import Postgres

extension PostgresError {
    /// The database as a whole could not be reached, or went away; the same may work later.
    package var isConnectionProblem: Bool {
        if [.connectionFailed, .connectionLost, .poolTimeout, .shutdown].contains(code) { return true }
        // Class 08: connection exceptions. 57P01–57P03: the server is being stopped or started. 25P03, 57P05: it has ended
        // a session in which nothing was done.
        return sqlState.map { $0.hasPrefix("08") || ["57P01", "57P02", "57P03", "25P03", "57P05"].contains($0) } ?? false
    }
}
