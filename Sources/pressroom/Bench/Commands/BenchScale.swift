import ArgumentParser
import Postgres
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
            makes any number of them. Tasks that it starts are deleted again; each run removes the log's oldest 1,200 \
            events.
            """)

    @Option(help: "How often each is run.")
    var rounds = 50

    @Option(help: "Whose tasks.")
    var tenant = "default"

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds must be 1…10000") }
    }

    func run() async throws {
        let report = try await DatabaseAccess(options.load()).withClient { client in
            let sample = try await ScaleSample(client, tenantID: tenant)
            let load = ScaleLoad(store: Store(database: client), sample: sample)
            var times = ScaleTimes()
            // Until each statement has a plan that is kept.
            for _ in 0..<6 { try await load.round(&times) }
            times = ScaleTimes()
            for _ in 0..<rounds { try await load.round(&times) }
            try await load.removeOldest(&times)
            var report = BenchReport("scale")
            report.add("tasks", try await sample.count("tasks"))
            report.add("events", try await sample.count("events"))
            for name in times.names { report.add(name + "_ms", BenchReport.median(times[name]), decimals: 3) }
            return report
        }
        report.write(asJSON: output.json)
    }
}
