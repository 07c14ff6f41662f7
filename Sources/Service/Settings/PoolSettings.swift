extension PressroomConfiguration.Database {
    /// The connections of a node.
    package struct Pool: Sendable, Equatable {
        package var size: Int
        package var minIdle: Int
        package var maxLifetime: Duration
        package var idleTimeout: Duration
        package var healthInterval: Duration

        init(_ settings: inout SettingReader) {
            size = settings.integer("database.pool.size", default: 8, in: 1...1_000, "connections, at most")
            minIdle = settings.integer(
                "database.pool.min_idle", default: 0, in: 0...1_000,
                "connections that are kept open and idle, as far as `database.pool.size` goes")
            maxLifetime = settings.duration(
                "database.pool.max_lifetime", default: .seconds(3_600), in: .zero ... .seconds(30 * 86_400),
                """
                after how long a connection is replaced, less up to a tenth; so nodes spread again over servers that are back. \
                `0s` for never
                """)
            idleTimeout = settings.duration(
                "database.pool.idle_timeout", default: .seconds(600), in: .zero ... .seconds(30 * 86_400),
                "after how long a connection that nothing needs is closed, as far as `min_idle` allows; `0s` for never")
            healthInterval = settings.duration(
                "database.pool.health_interval", default: .seconds(30), in: .zero ... .seconds(86_400),
                """
                after how long without use an idle connection is tried; one that does not answer within 5 s is closed. `0s` for \
                never
                """)
        }
    }
}
