import ArgumentParser
import Client
import Workflow

struct BenchSteps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "How many durable steps a second run, and how soon a task's first one does.",
        discussion: """
            Tasks of four 'write' steps, one after the other. With a model that answers at once the steps do nothing: \
            configure providers: {nothing: {kind: rehearsal, tokens_per_second: 0}} and give --model nothing/any.
            """)

    @Option(help: "Tasks for the rate.")
    var tasks = 1000

    @Option(help: "Connections that start them.")
    var connections = 8

    @Option(help: "Tasks that are started one by one, each when the one before has ended, for the time to the first step.")
    var starts = 50

    @Option(help: "Seconds after which to give up.")
    var timeout = 300.0

    @Option(help: ArgumentHelp("The model of all steps.", valueName: "provider/model"))
    var model = "rehearsal/bench"

    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000_000).contains(tasks) else { throw ValidationError("--tasks must be 1…1000000") }
        guard (1...1000).contains(connections) else { throw ValidationError("--connections must be 1…1000") }
        guard (0...100_000).contains(starts) else { throw ValidationError("--starts must be 0…100000") }
        try BenchLimits.check(seconds: timeout, "--timeout")
    }

    func run() async throws {
        let server = try ServerAddress(try client.address)
        let token = client.bearerToken
        let workflow = BenchWorkflows.steps(model: model)
        let (start, rate) = try await client.withClient { client in
            _ = try await client.publishWorkflow(workflow.definition, as: .yaml)
            let load = StepLoad(client: client, server: server, token: token, workflow: workflow.name, timeout: timeout)
            let start = try await load.startTimes(starts)
            return (start, try await load.rate(tasks: tasks, connections: connections))
        }
        var report = BenchReport("steps")
        report.add("steps_per_second", Double(tasks * 4) / rate.seconds, decimals: 0)
        report.add("tasks", tasks)
        report.add("seconds", rate.seconds, decimals: 3)
        report.add("started_per_second", Double(tasks) / rate.postSeconds, decimals: 0)
        report.add(start.toRunning, "post_to_running")
        report.add(start.toReceipt, "post_to_running_received")
        report.write(asJSON: output.json)
    }
}
