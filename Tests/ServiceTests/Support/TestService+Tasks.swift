import Base
import Client
import Foundation
import Postgres
import Testing
import Workflow

extension TestService {
    func publish(_ definition: String) async throws {
        _ = try await client.publishWorkflow(definition, as: .yaml)
    }

    /// Starts a task and answers its id.
    func startTask(_ workflow: String, topic: String = "swifts") async throws -> String {
        let input = Data((["topic": .string(topic)] as JSON).utf8)
        return try await client.startTask(TaskRequest(workflow: workflow, input: input)).id
    }

    /// Follows a task's stream until `fits`; nil when it ends before.
    func event(
        of task: String, after cursor: String? = nil, where fits: (ServerSentEvent) throws -> Bool
    ) async throws -> ServerSentEvent? {
        for try await event in client.events(of: task, after: cursor, policy: .eager) where try fits(event) { return event }
        return nil
    }

    /// Waits for a task's end, as its stream tells it, and answers its status.
    func end(of task: String) async throws -> String {
        let end = try await event(of: task) { $0.name == "end" }
        // A stream that was opened after the end has nothing to tell but 204.
        _ = end
        return try await client.task(task).status
    }

    /// The sub-task that a task has started, once it has.
    func subtask(of task: String) async throws -> String {
        let children: PostgresQuery = "SELECT task_id::text FROM pressroom.tasks WHERE parent_task_id = \(task)::uuid"
        if let row = try await sql(children).first { return try row.decode(0) }
        for try await _ in client.events(types: ["task_updated"], policy: .eager) {
            if let row = try await sql(children).first { return try row.decode(0) }
        }
        throw CancellationError()
    }

    /// The body of `GET …/state` without what is not in the tables.
    func tables(of task: String) async throws -> JSON {
        try await client.taskState(task).document.json.withoutLive
    }

    /// The rows of a query, for reading; `psql` is where the tests write.
    func sql(_ query: PostgresQuery) async throws -> PostgresResult {
        try await database.query(query)
    }

    func number(_ query: PostgresQuery) async throws -> Int {
        try await sql(query)[0].decode(0)
    }
}

extension ReconnectPolicy {
    /// For services that a test kills: hardly any wait.
    static let eager = ReconnectPolicy(initial: .milliseconds(20), max: .milliseconds(200), jitter: 0.2)
}

extension JSON {
    /// A state without its cursor and the texts in progress.
    var withoutLive: JSON {
        var copy = self
        copy["live"] = nil
        copy["cursor"] = nil
        return copy
    }

    /// The keys and rows in which two states differ, for people.
    func differences(from other: JSON) -> [String] {
        let keys = Set((object ?? [:]).keys).union((other.object ?? [:]).keys)
        return keys.sorted().filter { self[$0] != other[$0] }
            .map { "\($0): \((self[$0]?.text ?? "nothing").prefix(400))\n   instead of \((other[$0]?.text ?? "nothing").prefix(400))" }
    }
}
