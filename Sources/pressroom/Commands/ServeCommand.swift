import ArgumentParser
import CoreMetrics
import Service
import Telemetry

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the service.",
        discussion: """
            Flags go before environment variables (PRESSROOM_HTTP_PORT for http.port), and those before pressroom.yaml.
            Without a database URL, the service starts a private PostgreSQL and stops it at its end. 'pressroom settings'
            lists all keys.
            """)

    @OptionGroup var listen: ListenOptions
    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Only check the migrations, do not apply them.")
    var noMigrate = false

    func run() async throws {
        let more: [ConfigurationSources.Flag] =
            noMigrate ? [.init(name: "--no-migrate", key: "database.migrate", value: "false")] : []
        let configuration = try options.load(listen.flags + more)
        MetricsSystem.bootstrap(MetricRegistry.shared)
        try await runService(configuration)
    }
}

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Lists every metric of /metrics with its type, labels and meaning.",
        discussion: "As the table of docs/telemetry.md, in Markdown.")

    func run() {
        Terminal.write(MetricDefinition.table)
    }
}

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Lists every setting with its default, range and meaning.",
        discussion: "As the table of docs/configuration.md, in Markdown.")

    func run() {
        Terminal.write(Setting.table)
    }
}
