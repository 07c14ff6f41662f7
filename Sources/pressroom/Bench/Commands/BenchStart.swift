import ArgumentParser
import Client

struct BenchStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "How soon a task's first step runs, while nothing else does.",
        discussion: """
            Starts tasks one by one, each when the one before has ended. From just before POST /tasks to the first step's \
            'started_at', and to when a reader of the stream saw it run. The tasks are those of 'bench steps'.
            """)

    @Option(help: "Tasks to start.")
    var tasks = 100

    @Option(help: "Seconds after which to give up.")
    var timeout = 300.0

    @OptionGroup var steps: BenchStepsOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100_000).contains(tasks) else { throw ValidationError("--tasks must be 1…100000") }
        try BenchLimits.check(seconds: timeout, "--timeout")
    }

    func run() async throws {
        let server = try ServerAddress(try client.address)
        let token = client.bearerToken
        let times = try await client.withClient { client in
            let workflow = try await steps.publish(client)
            let load = StepLoad(client: client, server: server, token: token, workflow: workflow, timeout: timeout)
            return try await load.startTimes(tasks)
        }
        var report = BenchReport("start")
        report.add("tasks", tasks)
        report.add(times.toRunning, "post_to_running")
        report.add(times.toReceipt, "post_to_running_received")
        report.write(asJSON: output.json)
    }
}
