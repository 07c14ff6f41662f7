import ArgumentParser
import Client
import Workflow

struct BenchSteps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "How many durable steps a second run.",
        discussion: """
            Tasks of four phases with one step each, one after the other. 'write' steps with a model that answers at once \
            do nothing: configure providers: {nothing: {kind: rehearsal, tokens_per_second: 0}} and give --model nothing/any.
            """)

    @Option(help: "Tasks for the rate.")
    var tasks = 1000

    @Option(help: "Connections that start them.")
    var connections = 8

    @Option(help: ArgumentHelp(
        "Have the tasks wait and start all at once, this long after the first is posted; the time counts from then.",
        valueName: "seconds"))
    var backlog = 0.0

    @Option(help: "Seconds after which to give up.")
    var timeout = 300.0

    @OptionGroup var steps: BenchStepsOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000_000).contains(tasks) else { throw ValidationError("--tasks must be 1…1000000") }
        guard (1...1000).contains(connections) else { throw ValidationError("--connections must be 1…1000") }
        try BenchLimits.check(seconds: timeout, "--timeout")
        guard (0...3600).contains(backlog) else { throw ValidationError("--backlog must be 0…3600") }
    }

    func run() async throws {
        let server = try ServerAddress(try client.address)
        let token = client.bearerToken
        let rate = try await client.withClient { client in
            let workflow = try await steps.publish(client)
            let load = StepLoad(client: client, server: server, token: token, workflow: workflow, timeout: timeout)
            return try await load.rate(tasks: tasks, connections: connections, backlog: backlog)
        }
        var report = BenchReport("steps")
        report.add("steps_per_second", Double(tasks * 4) / rate.seconds, decimals: 0)
        report.add("tasks", tasks)
        report.add("seconds", rate.seconds, decimals: 3)
        report.add("started_per_second", Double(tasks) / rate.postSeconds, decimals: 0)
        report.write(asJSON: output.json)
    }
}
