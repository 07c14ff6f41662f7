import ArgumentParser
import Base
import Foundation
import Logging
import Postgres
import Store
import Workflow

struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "How long a service's statements take on a database as it is.",
        discussion: """
            Runs what a service does to its tables (lists, states, replays, starts, claims, sweeps, retention) in turn, \
            many times, and reports the median of each in milliseconds. Each read is of another place, and done twice: \
            first_… includes the time to get the pages. No service may run on the database meanwhile: it would claim the \
            steps that are to be claimed here. The tenant must have tasks; Benchmarks/scale/data_set.sql makes any number \
            of them. Tasks that it starts are deleted again; each run removes the log's oldest 1,400 events.
            """)

    @Option(help: "How often each statement runs.")
    var rounds = 50

    @Option(help: "Whose tasks.")
    var tenant = "default"

    @Option(help: "The database's postgres:// URL.")
    var databaseURL: String

    @Option(help: "The URL of another database, which is asked the same in turn; its times are beside_….")
    var beside: String?

    @OptionGroup var output: ReportOptions

    func validate() throws {
        guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds must be 1…10000") }
    }

    func run() async throws {
        let report = try await withDatabase(databaseURL) { client in
            guard let beside else { return try await measured([await load(client)]) }
            return try await withDatabase(beside) { smaller in
                try await measured([await load(client), await load(smaller)])
            }
        }
        report.write(asJSON: output.json)
    }

    private func withDatabase<Value: Sendable>(
        _ url: String, _ body: (PostgresClient) async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "pressroom-bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .notice
        var database = PostgresConfiguration(connectionString: url)
        database.maxConnections = 2
        database.statementTimeout = .seconds(30)
        database.sessionParameters += Store.sessionParameters
        let client = PostgresClient(configuration: database, logger: logger)
        let result: Result<Value, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.shutdown()
        return try result.get()
    }

    private func load(_ client: PostgresClient) async throws -> ScaleLoad {
        ScaleLoad(store: Store(database: client), sample: try await ScaleSample(client, tenantID: tenant))
    }

    /// Measures all loads in turn, so that other work of the machine affects them alike.
    private func measured(_ loads: [ScaleLoad]) async throws -> BenchReport {
        var times = loads.map { _ in ScaleTimes() }
        // Until PostgreSQL keeps a generic plan for each statement.
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

/// How long things took, by their names.
struct ScaleTimes {
    /// In the order in which they first came.
    private(set) var names: [String] = []
    private var milliseconds: [String: [Double]] = [:]

    subscript(name: String) -> [Double] { milliseconds[name] ?? [] }

    /// Runs something once more.
    mutating func measure<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        let start = MonotonicClock.now()
        let value = try await body()
        if milliseconds[name] == nil { names.append(name) }
        milliseconds[name, default: []].append(MonotonicClock.seconds(since: start) * 1000)
        return value
    }

    /// Reads something twice: the first time from disk or memory, the second time from memory.
    mutating func read<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
        _ = try await measure("first_" + name, body)
        return try await measure(name, body)
    }
}

/// Places in a tenant's tables: another each time, so that one read does not warm the pages of the next.
struct ScaleSample: Sendable {
    /// A task, and what lists are narrowed by to find it.
    struct Place: Sendable {
        let taskID: UUID
        let createdAt: String
        let workflow: String
        let filter: TaskFilter
        let position: Int64
    }

    let scope: Scope
    private let client: PostgresClient
    private let oldest: Double
    private let newest: Double

    init(_ client: PostgresClient, tenantID: String) async throws {
        self.client = client
        scope = Scope(tenantID: tenantID, userID: "bench")
        let row = try await client.query(
            """
            SELECT extract(epoch FROM min(created_at))::float8 AS oldest, extract(epoch FROM max(created_at))::float8 AS newest
              FROM pressroom.tasks WHERE tenant_id = \(tenantID)
            """)[0]
        guard let oldest = try row.decode("oldest", as: Double?.self), let newest = try row.decode("newest", as: Double?.self)
        else { throw BenchFailure("the tenant \(tenantID) has no tasks; Benchmarks/scale/data_set.sql makes some") }
        self.oldest = oldest
        self.newest = newest
    }

    func place() async throws -> Place {
        let rows = try await client.query(
            """
            SELECT t.task_id, pressroom.iso(t.created_at) AS created_at, t.workflow_name, t.workspace_id, t.parent_task_id,
                   t.context ->> 'user_id' AS user_id, t.context ->> 'conversation_id' AS conversation_id,
                   (SELECT coalesce(min(e.position), 1) FROM pressroom.events e
                     WHERE e.tenant_id = t.tenant_id AND e.task_id = t.task_id) AS position
              FROM pressroom.tasks t
             WHERE t.tenant_id = \(scope.tenantID) AND t.created_at >= to_timestamp(\(Double.random(in: oldest...newest)))
               AND t.workspace_id IS NOT NULL AND t.parent_task_id IS NOT NULL
             ORDER BY t.created_at, t.task_id LIMIT 1
            """)
        // Behind the last task: tries another place.
        guard let row = rows.first else { return try await place() }
        var filter = TaskFilter()
        filter.workspaceID = try row.decode("workspace_id")
        filter.parentTaskID = try row.decode("parent_task_id")
        filter.userID = try row.decode("user_id")
        filter.conversationID = try row.decode("conversation_id")
        return Place(
            taskID: try row.decode("task_id"), createdAt: try row.decode("created_at"),
            workflow: try row.decode("workflow_name"), filter: filter, position: try row.decode("position"))
    }

    /// About how many rows a table has, as the last analysis found: to count twenty million takes minutes.
    func count(_ table: String) async throws -> Int {
        try await client.query(
            """
            SELECT greatest(reltuples, 0)::bigint FROM pg_class
             WHERE relnamespace = 'pressroom'::regnamespace AND relname = \(table)
            """)[0].decode(0)
    }

    /// How old the log's event number `count` is, from its beginning; nil when it has fewer.
    func age(ofEvent count: Int) async throws -> Duration? {
        try await client.query(
            """
            SELECT extract(epoch FROM now() - created_at)::float8 FROM pressroom.events
             WHERE tenant_id = \(scope.tenantID) ORDER BY position OFFSET \(count - 1) LIMIT 1
            """
        ).first.map { .seconds(try $0.decode(0, as: Double.self)) }
    }
}
