import ArgumentParser
import Foundation
import Service

/// The flags that configure a service, or what works beside one.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file (default: pressroom.yaml, if there is one).")
    var config: String?

    @Option(help: "A postgres:// URL; without one, a private PostgreSQL is used.")
    var databaseURL: String?

    @Option(help: "Where the private PostgreSQL keeps its data (default: .pressroom/postgres).")
    var dataDirectory: String?

    @Option(help: "Where the migrations are.")
    var migrationsDirectory: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(name: .customLong("set"), help: ArgumentHelp("Any other key of the configuration.", valueName: "key=value"))
    var settings: [String] = []

    func validate() throws {
        for setting in settings where !setting.dropFirst().contains("=") {
            throw ValidationError("--set takes key=value, such as --set http.max_body_bytes=1MiB")
        }
    }

    var flags: [ConfigurationSources.Flag] {
        let own = [
            ("--database-url", "database.url", databaseURL), ("--data-directory", "database.data_directory", dataDirectory),
            ("--migrations-directory", "database.migrations_directory", migrationsDirectory),
            ("--log-level", "log_level", logLevel),
        ]
        let set = settings.map { setting in
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return ("--set", parts[0], Optional(parts[1]))
        }
        return (set + own).compactMap { name, key, value in
            value.map { ConfigurationSources.Flag(name: name, key: key, value: $0) }
        }
    }

    /// Reads flags, environment and file; `more` are flags of the command itself.
    func load(_ more: [ConfigurationSources.Flag] = []) throws(ConfigurationError) -> PressroomConfiguration {
        try PressroomConfiguration(
            ConfigurationSources(
                flags: flags + more, environment: ProcessInfo.processInfo.environment, configPath: config,
                workingDirectory: FileManager.default.currentDirectoryPath))
    }
}

/// Where a service listens.
struct ListenOptions: ParsableArguments {
    @Option(name: [.customLong("http-host"), .customLong("host")], help: "The address to listen on (default: 127.0.0.1).")
    var host: String?

    @Option(name: [.customLong("http-port"), .customLong("port")], help: "The port to listen on, 0 for any (default: 8080).")
    var port: String?

    @Option(name: .customLong("tls-certificate"), help: "The certificate for TLS and HTTP/2, in PEM, with those up to its root.")
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: "The certificate's key, in PEM.")
    var key: String?

    @Flag(help: "Listen where others can reach it although there is no authentication.")
    var allowAnonymous = false

    var flags: [ConfigurationSources.Flag] {
        var flags: [ConfigurationSources.Flag] = []
        if let host { flags.append(.init(name: "--http-host", key: "http.host", value: host)) }
        if let port { flags.append(.init(name: "--http-port", key: "http.port", value: port)) }
        if let certificate {
            flags.append(.init(name: "--tls-certificate", key: "http.tls_certificate", value: certificate))
        }
        if let key { flags.append(.init(name: "--tls-key", key: "http.tls_key", value: key)) }
        if allowAnonymous { flags.append(.init(name: "--allow-anonymous", key: "allow_anonymous", value: "true")) }
        return flags
    }
}
