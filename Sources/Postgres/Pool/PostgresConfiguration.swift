/// How to reach the database, and the limits of a client.
package struct PostgresConfiguration: Sendable {
    /// A URL (`postgres://…`) or libpq's `keyword=value` text. What it leaves out comes from libpq's environment.
    package var connectionString: String
    package var maxConnections = 8
    /// The server stops a statement after this time; zero sets no limit.
    package var statementTimeout: Duration = .seconds(30)
    /// The limit of one attempt to connect.
    package var connectTimeout: Duration = .seconds(5)
    /// How long a task waits for a free connection, reconnecting included.
    package var acquireTimeout: Duration = .seconds(10)
    package var applicationName = "pressroom"
    /// Server settings for every session, such as `search_path`.
    package var sessionParameters: [(String, String)] = []
    /// Keywords that win over the connection string.
    var overrides: [String: String] = [:]

    package init(connectionString: String) {
        self.connectionString = connectionString
    }

    /// The same server, another database.
    package func connecting(toDatabase name: String) -> PostgresConfiguration {
        overriding("dbname", name)
    }

    /// The same database, as another user.
    package func connecting(asUser name: String) -> PostgresConfiguration {
        overriding("user", name)
    }

    private func overriding(_ keyword: String, _ value: String) -> PostgresConfiguration {
        var copy = self
        copy.overrides[keyword] = value
        return copy
    }
}
