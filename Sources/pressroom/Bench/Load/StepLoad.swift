import Client
import Foundation
import Workflow

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
                throw CommandFailure("the tasks became due before all of them were posted; give --backlog more seconds")
            }
            try await waitForEnds()
            // The time of a start has no fraction.
            let waited = Date().timeIntervalSince1970 - due.timeIntervalSince1970.rounded(.down)
            return Rate(
                seconds: backlog > 0 ? waited : MonotonicClock.seconds(since: start), postSeconds: Double(answered - start) / 1e9)
        }
    }

    /// Until no task of the workflow is open. Nobody follows the stream meanwhile: that is measured elsewhere.
    private func waitForEnds() async throws {
        for status in ["pending", "running", "waiting"] {
            while try await !client.tasks(status: status, workflow: workflow, limit: 1).items.isEmpty {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        for status in ["failed", "cancelled"] {
            if let task = try await client.tasks(status: status, workflow: workflow, limit: 1).items.first { _ = try isOver(task.status) }
        }
    }

    private func isOver(_ status: String) throws(CommandFailure) -> Bool {
        guard status != "failed", status != "cancelled" else {
            throw CommandFailure("a task of \(workflow) has \(status); pressroom task list --workflow \(workflow)")
        }
        return status == "completed"
    }

    /// What follows a cursor that is taken now: nothing that is started later can be missed.
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
