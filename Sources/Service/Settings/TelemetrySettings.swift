/// What instruments see of the service.
extension PressroomConfiguration {
    package struct Metrics: Sendable, Equatable {
        /// Nil: `/metrics` is served on loopback only.
        package var token: String?
        package var interval: Duration

        init(_ settings: inout SettingReader) {
            token = settings.value(
                "metrics.token", default: nil, rule: "16 to 256 visible ASCII characters",
                """
                `/metrics` is served to requests with `Authorization: Bearer` and this token. Without one it is served only \
                where the service listens on loopback, and not through a proxy
                """,
                isSecret: true
            ) { text in
                (16...256).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? .some(text) : nil
            }
            interval = settings.duration(
                "metrics.interval", default: .seconds(10), in: .milliseconds(100) ... .seconds(600),
                "how old metrics may be that are read from the database; it is asked no more often, whoever scrapes")
        }
    }
}
