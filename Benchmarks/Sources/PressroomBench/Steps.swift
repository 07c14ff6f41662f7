import ArgumentParser
import Base
import Client
import Foundation
import Workflow

struct StepsCommand: AsyncParsableCommand {
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

    @OptionGroup var steps: StepsOptions
    @OptionGroup var client: ServiceOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        guard (1...1_000_000).contains(tasks) else { throw ValidationError("--tasks must be 1…1000000") }
        guard (1...1000).contains(connections) else { throw ValidationError("--connections must be 1…1000") }
        try BenchLimits.check(seconds: timeout, "--timeout")
        guard (0...3600).contains(backlog) else { throw ValidationError("--backlog must be 0…3600") }
    }

    func run() async throws {
        let server = try ServerAddress(client.url)
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

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "How soon a task's first step runs, while nothing else does.",
        discussion: """
            Starts tasks one by one, each when the one before has ended. From just before POST /tasks to the first step's \
            'started_at', and to when a reader of the stream saw it run. The tasks are those of 'steps'.
            """)

    @Option(help: "Tasks to start.")
    var tasks = 100

    @Option(help: "Seconds after which to give up.")
    var timeout = 300.0

    @OptionGroup var steps: StepsOptions
    @OptionGroup var client: ServiceOptions
    @OptionGroup var output: ReportOptions

    func validate() throws {
        guard (1...100_000).contains(tasks) else { throw ValidationError("--tasks must be 1…100000") }
        try BenchLimits.check(seconds: timeout, "--timeout")
    }

    func run() async throws {
        let server = try ServerAddress(client.url)
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

/// Which tasks of four steps that do nothing are run.
struct StepsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The model of all steps, where they are of the kind 'write'.", valueName: "provider/model"))
    var model = "rehearsal/bench"

    @Option(help: "The kind of the four phases.")
    var kind = "write"

    @Option(help: ArgumentHelp("What phases of another kind have besides, such as 'message: Go.'.", valueName: "YAML"))
    var attributes = ""

    /// Publishes the workflow and returns its name.
    func publish(_ client: PressroomClient) async throws -> String {
        let workflow = kind == "write" ? BenchWorkflows.steps(model: model) : BenchWorkflows.steps(kind: kind, attributes: attributes)
        _ = try await client.publishWorkflow(workflow.definition, as: .yaml)
        return workflow.name
    }
}

/// Tasks whose steps do nothing, as fast as they are done.
struct StepLoad: Sendable {
    let client: PressroomClient
    let server: ServerAddress
    let token: String?
    let workflow: String
    /// Seconds after which each of the two measures, and the preparation of each, is given up.
    let timeout: Double

    struct Starts: Sendable {
        /// From just before `POST /tasks` to `started_at` of the first step; and to when a reader of the stream saw it.
        var toRunning = LatencyHistogram()
        var toReceipt = LatencyHistogram()
    }

    struct Rate: Sendable {
        /// From the first POST, or from when the tasks were due, to when none was open any more.
        var seconds = 0.0
        /// From the first POST to the last answer.
        var postSeconds = 0.0
    }

    func startTimes(_ count: Int) async throws -> Starts {
        let source = try await stream(types: ["task_updated", "step_updated", "queue_built"])
        return try await TimeLimit.run(timeout, "not all of \(count) tasks had been started and ended") {
            try await startTimes(count, source)
        }
    }

    private func startTimes(_ count: Int, _ source: EventSource) async throws -> Starts {
        var starts = Starts()
        var events = source.makeAsyncIterator()
        let body = request()
        let connection = try KeepAliveConnection(server)
        for _ in 0..<count {
            let (posted, timeOfDay) = (MonotonicClock.now(), MonotonicClock.timeOfDay())
            try connection.exchange(body)
            var isFirst = true
            while let event = try await events.next() {
                let received = MonotonicClock.now()
                let json = try JSON(parsing: event.data)
                if isFirst, let step = json["step"] ?? json["steps"]?[0], step["status"] == "running" {
                    isFirst = false
                    starts.toReceipt.record(received - posted)
                    if let at = step["started_at"]?.string.flatMap(Self.timeOfDay) {
                        let age = (at + MonotonicClock.nanosecondsPerDay - timeOfDay) % MonotonicClock.nanosecondsPerDay
                        starts.toRunning.record(age > MonotonicClock.nanosecondsPerDay / 2 ? 0 : age)
                    }
                }
                if let status = json["task"]?["status"]?.string, try isOver(status) { break }
            }
        }
        return starts
    }

    /// - Parameter backlog: the tasks start this many seconds after the first POST, so that all of them wait when the clock
    ///   starts; zero: each starts when it is posted, and the clock starts with the first.
    func rate(tasks: Int, connections: Int, backlog: Double) async throws -> Rate {
        let server = server
        let (start, due) = (MonotonicClock.now(), Date() + backlog)
        let body = request(runAt: backlog > 0 ? due.formatted(.iso8601) : nil)
        let posting = WorkerThreads(connections) { index in
            let connection = try KeepAliveConnection(server)
            for _ in 0..<(tasks / connections + (index < tasks % connections ? 1 : 0)) { try connection.exchange(body) }
            return MonotonicClock.now()
        }
        return try await TimeLimit.run(timeout, "not all of \(tasks) tasks had ended", posting: posting) {
            let answered = try await posting.outputs().max() ?? start
            guard backlog == 0 || Date() < due else {
                throw BenchFailure("the tasks became due before all of them were posted; give --backlog more seconds")
            }
            try await waitForEnds()
            // The time of a start has no fraction.
            let waited = Date().timeIntervalSince1970 - due.timeIntervalSince1970.rounded(.down)
            return Rate(
                seconds: backlog > 0 ? waited : MonotonicClock.seconds(since: start), postSeconds: Double(answered - start) / 1e9)
        }
    }

    /// Returns when no task of the workflow is open. No reader follows the stream meanwhile: other parts measure that.
    private func waitForEnds() async throws {
        for status in ["pending", "running", "waiting"] {
            while try await !client.tasks(status: status, workflow: workflow, limit: 1).items.isEmpty {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        for status in ["failed", "cancelled"] {
            let ended = try await client.tasks(status: status, workflow: workflow, limit: 1)
            if let task = ended.items.first { _ = try isOver(task.status) }
        }
    }

    private func isOver(_ status: String) throws(BenchFailure) -> Bool {
        guard status != "failed", status != "cancelled" else {
            throw BenchFailure("a task of \(workflow) has \(status); pressroom task list --workflow \(workflow)")
        }
        return status == "completed"
    }

    /// The stream after a cursor that is taken now, so that no task that starts later is missed.
    private func stream(types: [String]) async throws -> EventSource {
        let cursor: String? = try await TimeLimit.run(timeout, "a first task of \(workflow) had not ended") {
            let first = try await client.startTask(TaskRequest(workflow: workflow)).id
            for try await event in client.events(of: first) where event.name == "end" { break }
            return try await client.taskState(first).document.json["cursor"]?.string
        }
        return client.events(after: cursor, workflow: workflow, types: types)
    }

    private func request(runAt: String? = nil) -> [UInt8] {
        let time = runAt.map { ",\"run_at\":\"\($0)\"" } ?? ""
        return BenchTarget(server: server, token: token, subscribePath: "/", publishPath: server.basePath + "/api/v1/tasks")
            .post("{\"workflow\":\"\(workflow)\"\(time)}")
    }

    private static func timeOfDay(_ text: String) -> UInt64? {
        let part = Array(text.utf8.dropFirst(11))
        func number(_ range: Range<Int>) -> UInt64? { UInt64(String(decoding: part[range], as: UTF8.self)) }
        guard part.count >= 15, let hours = number(0..<2), let minutes = number(3..<5), let seconds = number(6..<8),
            let micros = number(9..<15)
        else { return nil }
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + micros * 1000
    }
}

/// A limit for work that may never end by itself.
enum TimeLimit {
    /// Returns what `body` returns, and cancels it when the time is over or posting has failed.
    ///
    /// - Parameters:
    ///   - seconds: after which to give up.
    ///   - complaint: what has not happened by then.
    ///   - posting: threads without which `body` would wait in vain.
    static func run<Value: Sendable>(
        _ seconds: Double, _ complaint: String, posting: WorkerThreads<UInt64>? = nil,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                let start = MonotonicClock.now()
                while MonotonicClock.seconds(since: start) < seconds {
                    try await Task.sleep(for: .milliseconds(50))
                    if let posting { _ = try posting.finishedOutputs() }
                }
                throw BenchFailure("after \(Int(seconds)) s, \(complaint)")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
