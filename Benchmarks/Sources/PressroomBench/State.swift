import ArgumentParser
import Base
import Client
import Workflow

struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "How often a task's state can be read.",
        discussion: "Without --task, first runs a task with 20 outputs and 80 evaluations.")

    @Option(help: "Connections, each with one request after the other.")
    var connections = 4

    @Option(help: "How long to read.")
    var seconds = 10.0

    @Option(help: ArgumentHelp("Read this task.", valueName: "task-id"))
    var task: String?

    @Option(help: ArgumentHelp("The model of the task that is run.", valueName: "provider/model"))
    var model = "rehearsal/bench"

    @Option(help: "Seconds after which to give up waiting for the end of that task.")
    var timeout = 300.0

    @OptionGroup var client: ServiceOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        guard (1...1000).contains(connections) else { throw ValidationError("--connections must be 1…1000") }
        try BenchLimits.check(seconds: seconds, "--seconds")
        try BenchLimits.check(seconds: timeout, "--timeout")
    }

    func run() async throws {
        let server = try ServerAddress(client.url)
        let state = try await client.withClient { client in
            try await client.taskState(try await taskID(client))
        }
        let target = BenchTarget(server: server, token: client.bearerToken, taskID: state.task.id)
        let request = target.get(server.basePath + "/api/v1/tasks/\(state.task.id)/state")
        let start = MonotonicClock.now(), end = start + UInt64(seconds * 1e9)
        let outcomes = try await WorkerThreads(connections) { _ in
            let connection = try KeepAliveConnection(server)
            var latency = LatencyHistogram(), bytes = 0
            while MonotonicClock.now() < end {
                let asked = MonotonicClock.now()
                try connection.exchange(request)
                latency.record(MonotonicClock.now() - asked)
                bytes = connection.body.count
            }
            return (latency, bytes)
        }.outputs()
        let elapsed = MonotonicClock.seconds(since: start)
        let latency = outcomes.reduce(into: LatencyHistogram()) { $0.add($1.0) }
        let json = state.document.json
        var report = BenchReport("state")
        report.add("task_id", .string(state.task.id))
        report.add("requests_per_second", Double(latency.count) / elapsed, decimals: 1)
        report.add("requests", latency.count)
        report.add(latency, "request")
        report.add("body_bytes", outcomes.map(\.1).max() ?? 0)
        for list in ["outputs", "evaluations"] { report.add(list, json[list]?.array?.count ?? 0) }
        report.write(asJSON: output.json)
    }

    private func taskID(_ client: PressroomClient) async throws -> String {
        if let task { return task }
        let workflow = BenchWorkflows.state(model: model)
        _ = try await client.publishWorkflow(workflow.definition, as: .yaml)
        let id = try await client.startTask(TaskRequest(workflow: workflow.name)).id
        return try await TimeLimit.run(timeout, "the task \(id) had not ended") {
            for try await event in client.events(of: id) where event.name == "end" { break }
            return id
        }
    }
}
