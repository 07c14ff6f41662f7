import Base
public import Foundation
import Workflow

/// What `POST /tasks` takes.
public struct TaskRequest: Sendable {
    public var workflow: String
    /// Nil for the latest active one.
    public var version: String?
    /// A JSON object, UTF-8.
    public var input: Data
    /// JSON objects, UTF-8; nil for none.
    public var config: Data?
    public var context: Data?
    /// -1000…1000; nil for 0.
    public var priority: Int?
    /// ISO 8601; nil for now.
    public var runAt: String?
    /// A second request with the same key and content returns the first task.
    public var idempotencyKey: String?

    public init(workflow: String, version: String? = nil, input: Data = Data("{}".utf8)) {
        self.workflow = workflow
        self.version = version
        self.input = input
    }
}

/// A transition that a client may ask for.
public enum TaskTransition: String, Sendable, Hashable, CaseIterable {
    case pause, resume, cancel, retry
}

/// Members of a task that are left out unless they are asked for.
public enum TaskInclusion: String, Sendable, Hashable, CaseIterable {
    /// What the completed phases brought, read from their outputs as they are.
    case accumulatedContext = "accumulated_context"
    /// In lists.
    case result

    fileprivate static func parameter(_ include: Set<TaskInclusion>) -> String? {
        include.isEmpty ? nil : include.map(\.rawValue).sorted().joined(separator: ",")
    }
}

extension PressroomClient {
    /// Starts a task and returns its row, before any step has run.
    public func startTask(_ request: TaskRequest) async throws -> TaskRecord {
        var body: JSON = ["workflow": .string(request.workflow), "input": try Self.parse(request.input, "input")]
        if let version = request.version { body["version"] = .string(version) }
        if let config = request.config { body["config"] = try Self.parse(config, "config") }
        if let context = request.context { body["context"] = try Self.parse(context, "context") }
        if let priority = request.priority { body["priority"] = .integer(Int64(priority)) }
        if let runAt = request.runAt { body["run_at"] = .string(runAt) }
        let response = try await call(
            .post, Path("tasks"), content: .json(body), headers: Self.idempotency(request.idempotencyKey))
        return TaskRecord(document: try response.document())
    }

    public func tasks(
        status: String? = nil, workflow: String? = nil, conversationID: String? = nil, limit: Int? = nil,
        after: String? = nil, include: Set<TaskInclusion> = []
    ) async throws -> Page<TaskRecord> {
        let path = Path("tasks").with("status", status).with("workflow", workflow)
            .with("conversation_id", conversationID).with("limit", limit.map(String.init)).with("after", after)
            .with("include", TaskInclusion.parameter(include))
        return try await call(.get, path).page(of: TaskRecord.init(document:))
    }

    public func task(_ id: String, include: Set<TaskInclusion> = []) async throws -> TaskRecord {
        let path = Path("tasks", id).with("include", TaskInclusion.parameter(include))
        return TaskRecord(document: try await call(.get, path).document())
    }

    /// Pauses, resumes, cancels or retries; the status 409 says that the task's status does not allow it.
    ///
    /// With `ifVersion`, only when the row's version is still that one (412 otherwise).
    @discardableResult
    public func transitionTask(_ id: String, _ transition: TaskTransition, ifVersion: Int? = nil) async throws -> TaskRecord {
        let response = try await call(
            .post, Path("tasks", id, transition.rawValue), headers: Self.ifMatch(ifVersion))
        return TaskRecord(document: try response.document())
    }

    /// Starts a new task from a phase of an old one; what came before is taken over. `input` and `config` are JSON objects;
    /// nil for the old task's.
    public func forkTask(
        _ id: String, phase: String, input: Data? = nil, config: Data? = nil, idempotencyKey: String? = nil
    ) async throws -> TaskRecord {
        var body: JSON = ["phase": .string(phase)]
        if let input { body["input"] = try Self.parse(input, "input") }
        if let config { body["config"] = try Self.parse(config, "config") }
        let response = try await call(
            .post, Path("tasks", id, "fork"), content: .json(body), headers: Self.idempotency(idempotencyKey))
        return TaskRecord(document: try response.document())
    }

    /// All rows of a task, read in one snapshot.
    public func taskState(_ id: String) async throws -> TaskState {
        TaskState(document: try await call(.get, Path("tasks", id, "state")).document())
    }

    /// Appends a custom event, of the type `custom.<name>` when a name is given, and returns its cursor. `data` is JSON.
    @discardableResult
    public func postEvent(to taskID: String, name: String? = nil, data: Data) async throws -> String {
        var body: JSON = ["data": try Self.parse(data, "data")]
        if let name { body["type"] = .string("custom." + name) }
        let response = try await call(.post, Path("tasks", taskID, "events"), content: .json(body))
        guard let cursor = try response.json()["cursor"]?.string else {
            throw PressroomError(code: .invalidResponse, status: response.status, title: "the response has no cursor")
        }
        return cursor
    }

    /// Wakes a signal phase, now or when the task comes to it. `data` is JSON.
    public func signal(_ name: String, to taskID: String, data: Data = Data("{}".utf8)) async throws {
        let body: JSON = ["data": try Self.parse(data, "data")]
        _ = try await call(.post, Path("tasks", taskID, "signals", name), content: .json(body))
    }
}

extension PressroomClient {
    public func outputs(of taskID: String) async throws -> Page<OutputRecord> {
        try await call(.get, Path("tasks", taskID, "outputs")).page(of: OutputRecord.init(document:))
    }

    public func steps(of taskID: String) async throws -> Page<StepRecord> {
        try await call(.get, Path("tasks", taskID, "steps")).page(of: StepRecord.init(document:))
    }

    public func evaluations(of taskID: String) async throws -> Page<EvaluationRecord> {
        try await call(.get, Path("tasks", taskID, "evaluations")).page(of: EvaluationRecord.init(document:))
    }

    public func rankings(of taskID: String) async throws -> Page<RankingRecord> {
        try await call(.get, Path("tasks", taskID, "rankings")).page(of: RankingRecord.init(document:))
    }

    /// The lines that phases wrote into the task's log, the newest first.
    public func logs(of taskID: String, limit: Int? = nil, after: String? = nil) async throws -> Page<LogRecord> {
        let path = Path("tasks", taskID, "logs").with("limit", limit.map(String.init)).with("after", after)
        return try await call(.get, path).page(of: LogRecord.init(document:))
    }

    /// Puts a person's text on a draft, also of a task that is over. It is a version of its own, and every later step, open
    /// question and result reads it. The status 409 says that a model works on the draft now, or that it has no text yet.
    ///
    /// With `ifVersion`, only when the row's `version` is still that one (412 otherwise).
    @discardableResult
    public func editOutput(_ id: String, content: String, ifVersion: Int? = nil) async throws -> OutputRecord {
        let response = try await call(
            .patch, Path("outputs", id), content: .json(["content": .string(content)]), headers: Self.ifMatch(ifVersion))
        return OutputRecord(document: try response.document())
    }

    /// Earlier texts of one output, as rows of `output_versions`.
    public func versions(of outputID: String, in taskID: String) async throws -> Page<Document> {
        try await call(.get, Path("tasks", taskID, "outputs", outputID, "versions")).page { $0 }
    }

    /// Every transition: `entity, entity_id, from, to, at, cursor, actor`.
    public func history(of taskID: String) async throws -> Page<Document> {
        try await call(.get, Path("tasks", taskID, "history")).page { $0 }
    }
}

extension PressroomClient {
    /// The events of one task, after `cursor`, or from a `state` event when there is none; ends after the task's last.
    public func events(
        of taskID: String, after cursor: String? = nil, policy: ReconnectPolicy = ReconnectPolicy(),
        onReconnect: (@Sendable (EventSource.Reconnection) -> Void)? = nil
    ) -> EventSource {
        EventSource(
            url: baseURL + Path("tasks", taskID, "stream").text, headers: authorization, lastEventID: cursor ?? "",
            policy: policy, httpClient: httpClient, onReconnect: onReconnect)
    }

    /// The events of the whole tenant, after `cursor`, or from now on. Nil filters let everything through.
    public func events(
        after cursor: String? = nil, conversationID: String? = nil, workflow: String? = nil, taskIDs: [String] = [],
        types: [String] = [], policy: ReconnectPolicy = ReconnectPolicy()
    ) -> EventSource {
        var path = Path("stream").with("conversation_id", conversationID).with("workflow", workflow)
        for id in taskIDs { path = path.with("task_id", id) }
        if !types.isEmpty { path = path.with("types", types.joined(separator: ",")) }
        return EventSource(
            url: baseURL + path.text, headers: authorization, lastEventID: cursor ?? "", policy: policy,
            httpClient: httpClient)
    }

    /// Restores a task's state, then follows it to its end; see `TaskFollower`.
    public func follow(
        _ taskID: String, policy: ReconnectPolicy = ReconnectPolicy(),
        onReconnect: (@Sendable (EventSource.Reconnection) -> Void)? = nil
    ) -> TaskFollower {
        TaskFollower(client: self, taskID: taskID, policy: policy, onReconnect: onReconnect)
    }
}
