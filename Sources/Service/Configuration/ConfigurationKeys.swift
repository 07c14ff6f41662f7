/// The keys that a configuration may set, besides `providers`.
enum ConfigurationKeys {
    static let all = [
        "http.host", "http.port", "http.tls_certificate", "http.tls_key", "http.max_body_bytes", "http.request_timeout", "http.idle_timeout",
        "http.tcp_user_timeout", "http.backlog",
        "database.url", "database.pool_size", "database.statement_timeout", "database.data_directory",
        "database.migrate", "database.migrations_directory",
        "streams.heartbeat", "streams.max_unsent_bytes", "streams.max_age", "streams.drain", "streams.max_streams",
        "streams.max_tenant_streams", "streams.max_user_streams", "streams.threads",
        "streams.tail_poll", "streams.text_poll",
        "processor.concurrency", "processor.tenant_reserve", "processor.max_tenant_steps", "processor.commit_batch",
        "processor.heartbeat", "processor.lease_timeout", "processor.poll", "processor.drain",
        "processor.expression_timeout", "processor.max_expression_bytes", "processor.max_expression_rounds",
        "processor.max_subtask_depth",
        "schedules.poll", "schedules.grace", "requests.allow",
        "events.retention", "public_directory", "log_level", "allow_anonymous", "auth",
    ]

    /// The keys that hold a group of others.
    static let groups = Set(all.compactMap { $0.split(separator: ".").dropLast().first.map(String.init) })

    /// The variables that set a key, the first that is set wins.
    static func variables(for key: String) -> [String] {
        let own = "PRESSROOM_" + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
        return key == "database.url" ? [own, "DATABASE_URL"] : [own]
    }

    /// "is not a known key", with the keys that stand beside it.
    static func unknown(_ key: String, among known: [String]) -> String {
        "is not a known key; known are \(known.sorted().joined(separator: ", "))"
    }
}
