extension PostgresError {
    /// The error of a failed attempt to connect, from libpq's message, in which the SQLSTATE stands as
    /// `FATAL:  28P01: …` (libpq offers it in no other way before the connection is made).
    init(connecting message: String) {
        var lines = message.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }.map(String.init)
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
