import ArgumentParser
import Foundation
import Service

/// The flags that configure a service, or a command that works on its database. `--set` takes every other setting.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: "The configuration file (default: pressroom.yaml, if there is one).")
    var config: String?

    @Option(help: "A postgres:// URL; without one, a private PostgreSQL is used.")
    var databaseURL: String?

    @Option(help: "Where the private PostgreSQL keeps its data (default: \(defaults.database.dataDirectory)).")
    var dataDirectory: String?

    @Option(help: "Where the migrations are.")
    var migrationsDirectory: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(
        name: .customLong("set"), help: ArgumentHelp("Any other setting; see: pressroom settings.", valueName: "key=value"))
    var settings: [String] = []

    func validate() throws {
        for setting in settings where !setting.dropFirst().contains("=") {
            throw ValidationError("--set takes key=value, such as --set http.max_body_bytes=1MiB")
        }
    }

    /// Flags, environment and file; `more` are flags of the command itself.
    func sources(_ more: [ConfigurationSources.Flag] = []) -> ConfigurationSources {
        let own = givenFlags([
            ("--database-url", "database.url", databaseURL), ("--data-directory", "database.data_directory", dataDirectory),
            ("--migrations-directory", "database.migrations_directory", migrationsDirectory),
            ("--log-level", "log_level", logLevel),
        ])
        let set = settings.map { setting in
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return ConfigurationSources.Flag(name: "--set", key: parts[0], value: parts[1])
        }
        return ConfigurationSources(
            flags: set + own + more, environment: ProcessInfo.processInfo.environment, configPath: config,
            workingDirectory: FileManager.default.currentDirectoryPath)
    }

    func load(_ more: [ConfigurationSources.Flag] = []) throws(ConfigurationError) -> PressroomConfiguration {
        try PressroomConfiguration(sources(more))
    }
}

/// Where a service listens.
struct ListenOptions: ParsableArguments {
    @Option(
        name: [.customLong("http-host"), .customLong("host")],
        help: "The address to listen on (default: \(defaults.http.host)).")
    var host: String?

    @Option(
        name: [.customLong("http-port"), .customLong("port")],
        help: "The port to listen on, 0 for any (default: \(defaults.http.port)).")
    var port: String?

    @Option(name: .customLong("tls-certificate"), help: "The certificate for TLS and HTTP/2, in PEM, with those up to its root.")
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: "The certificate's key, in PEM.")
    var key: String?

    @Flag(help: "Listen where others can reach it although there is no authentication.")
    var allowAnonymous = false

    var flags: [ConfigurationSources.Flag] {
        givenFlags([
            ("--http-host", "http.host", host), ("--http-port", "http.port", port),
            ("--tls-certificate", "http.tls_certificate", certificate), ("--tls-key", "http.tls_key", key),
            ("--allow-anonymous", "allow_anonymous", allowAnonymous ? "true" : nil),
        ])
    }
}

private let defaults = PressroomConfiguration()

/// Those flags that were given, each with the setting that it sets.
private func givenFlags(_ flags: [(name: String, key: String, value: String?)]) -> [ConfigurationSources.Flag] {
    flags.compactMap { name, key, value in value.map { .init(name: name, key: key, value: $0) } }
}
