import ArgumentParser
import Postgres
import Service
import Store
import Workflow

struct BenchScale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "What the statements of a service take on a database as it is.",
        discussion: """
            Runs what a service does to its tables (lists, states, replays, starts, claims, sweeps, retention) in turn, \
            many times, and says the median of each in milliseconds. What is read is somewhere else each time, and read \
            twice: first_… is the time until it is there from wherever it was. No service may run on the database \
            meanwhile: it would take what is to be claimed. The tenant must hold tasks; Benchmarks/scale/data_set.sql \
            makes any number of them. Tasks that it starts are deleted again; each run removes the log's oldest 1,400 \
            events.
            """)

    @Option(help: "How often each is run.")
    var rounds = 50

    @Option(help: "Whose tasks.")
    var tenant = "default"

    @Option(help: "The URL of another database, which is asked the same in turn; its times are beside_….")
    var beside: String?

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds must be 1…10000") }
    }

    func run() async throws {
        let configuration = try options.load()
        let report = try await DatabaseAccess(configuration).withClient { client in
            guard let beside else {
                return try await measured([await load(client)])
            }
            var other = configuration
            other.database.url = beside
            return try await DatabaseAccess(other).withClient { smaller in
                try await measured([await load(client), await load(smaller)])
            }
        }
        report.write(asJSON: output.json)
    }

    private func load(_ client: PostgresClient) async throws -> ScaleLoad {
        ScaleLoad(store: Store(database: client), sample: try await ScaleSample(client, tenantID: tenant))
    }

    /// One of them, or the second beside the first, in turn: what else the machine does is in both.
    private func measured(_ loads: [ScaleLoad]) async throws -> BenchReport {
        var times = loads.map { _ in ScaleTimes() }
        // Until each statement has a plan that is kept.
        for _ in 0..<6 {
            for load in loads {
                var unused = ScaleTimes()
                try await load.round(&unused)
            }
        }
        for _ in 0..<rounds {
            for (index, load) in loads.enumerated() { try await load.round(&times[index]) }
        }
        for _ in 0..<7 {
            for (index, load) in loads.enumerated() { try await load.removeOldest(&times[index]) }
        }
        var report = BenchReport("scale")
        for (index, load) in loads.enumerated() {
            let prefix = index == 0 ? "" : "beside_"
            report.add(prefix + "tasks", try await load.sample.count("tasks"))
            report.add(prefix + "events", try await load.sample.count("events"))
            for name in times[index].names {
                report.add(prefix + name + "_ms", BenchReport.median(times[index][name]), decimals: 3)
            }
        }
        return report
    }
}
