import CLibPQ
import Glibc

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
    /// Keywords that override the connection string.
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

/// The keywords for libpq: those of the connection string, then those that this client sets.
struct ConnectionParameters {
    private(set) var values: [(String, String)] = []

    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        var keywords = try Self.parse(configuration.connectionString)
        keywords.merge(configuration.overrides) { $1 }
        keywords["client_encoding"] = "UTF8"
        keywords["application_name"] = keywords["application_name"] ?? configuration.applicationName
        // A peer that vanished is noticed within a minute, not after two hours.
        keywords["keepalives_idle"] = keywords["keepalives_idle"] ?? "30"
        keywords["keepalives_interval"] = keywords["keepalives_interval"] ?? "10"
        keywords["keepalives_count"] = keywords["keepalives_count"] ?? "3"
        keywords["tcp_user_timeout"] = keywords["tcp_user_timeout"] ?? "60000"
        values = keywords.sorted { $0.key < $1.key }
    }

    /// Where the server is, for people, as far as the connection string and libpq's environment say: hosts with their
    /// ports, or directories of sockets.
    var address: String {
        let known = Dictionary(values) { $1 }
        func list(_ keywords: [String], _ variable: String) -> [String] {
            let text = keywords.lazy.compactMap { known[$0] }.first { !$0.isEmpty } ?? getenv(variable).map { String(cString: $0) }
            return (text ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let hosts = list(["host", "hostaddr"], "PGHOST")
        if hosts == [""], let service = list(["service"], "PGSERVICE").first, !service.isEmpty { return "the service \(service)" }
        let ports = list(["port"], "PGPORT")
        return hosts.enumerated().map { index, host in
            let port = ports.count == hosts.count ? ports[index] : ports[0]
            let name = host.isEmpty ? "the local socket" : host.contains(":") ? "[\(host)]" : host
            return "\(name), port \(port.isEmpty ? "5432" : port)"
        }.joined(separator: " or ")
    }

    /// Splits a URL or `keyword=value` text.
    static func parse(_ text: String) throws(PostgresError) -> [String: String] {
        guard !text.containsNUL else {
            throw PostgresError(code: .invalidConfiguration, message: "the connection string contains a NUL character")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            let problem = message.map { String(cString: $0).trimmingLineEnd } ?? "out of memory"
            PQfreemem(message)
            throw PostgresError(code: .invalidConfiguration, message: "connection string: \(problem)")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return values
    }
}

/// The settings of a session, sent as its first statement. Poolers such as PgBouncer refuse settings among the start-up
/// options, or ignore them.
struct SessionSettings {
    private let values: [(String, String)]

    init(_ configuration: PostgresConfiguration) {
        values =
            [
                ("TimeZone", "UTC"), ("DateStyle", "ISO"), ("bytea_output", "hex"),
                ("statement_timeout", "\(configuration.statementTimeout.milliseconds)"),
            ] + configuration.sessionParameters
    }

    /// Sets all of them in one round trip. The function's schema is named, because the `search_path` may not be set yet.
    var script: String {
        "SELECT "
            + values.map { "pg_catalog.set_config(\($0.quotedAsLiteral), \($1.quotedAsLiteral), false)" }.joined(separator: ", ")
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a short limit does not become 0, which means none.
    var milliseconds: Int64 {
        let whole = components.seconds * 1000
        let (quotient, rest) = components.attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        return whole + quotient + (rest > 0 ? 1 : 0)
    }
}
