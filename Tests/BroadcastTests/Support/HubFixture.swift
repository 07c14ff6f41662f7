import Base
import Foundation
import Logging
import NIOCore
import NIOPosix
import Postgres
import Store
import TestSupport
import Workflow

@testable import Broadcast

/// A database, a store, a hub on two event loops and its tailer.
struct HubFixture: Sendable {
    static let tenantID = "default"
    static let scope = Scope(tenantID: tenantID, userID: "tester")

    static let reader = StreamReader(tenantID: tenantID, userID: "tester")

    let store: Store
    let client: PostgresClient
    let hub: Hub
    /// The observers of the store's commits.
    let feed: LocalEventFeed
    let commits: CommitCollector
    let logger: Logger

    init(_ client: PostgresClient, _ hub: Hub, nodeID: UUID = UUID(), logger: Logger) {
        self.client = client
        self.hub = hub
        self.logger = logger
        feed = LocalEventFeed(hub: hub)
        commits = CommitCollector(nodeID: nodeID)
        store = Store(database: client, observers: [feed, commits])
    }

    /// Lends one that runs, and stops it afterwards.
    static func with(
        configure: (inout HubConfiguration) -> Void = { _ in }, tailer: TailerConfiguration = TailerConfiguration(),
        _ body: @Sendable (HubFixture) async throws -> Void
    ) async throws {
        var configuration = HubConfiguration()
        configure(&configuration)
        let hubConfiguration = configuration
        var logger = Logger(label: "hub-tests")
        logger.logLevel = .critical
        let fixtureLogger = logger
        try await withPostgresClient(migrated: true, maxConnections: 10) { client in
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
            let fixture = HubFixture(client, Hub(group: group, configuration: hubConfiguration), logger: fixtureLogger)
            let result: Result<Void, any Error> = await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try? await Tailer(store: fixture.store, feed: fixture.feed, configuration: tailer, logger: fixtureLogger)
                        .run()
                }
                defer { tasks.cancelAll() }
                do { return .success(try await body(fixture)) } catch { return .failure(error) }
            }
            try await group.shutdownGracefully()
            try result.get()
        }
    }

    /// Adds a task and answers its id.
    func addTask(conversation: String = "c1", workflow: String = "w") async throws -> UUID {
        let id = UUID()
        let context = ExecutionContext(
            tenantID: Self.tenantID, userID: "tester", conversationID: conversation, taskID: id, traceID: "0")
        _ = try await store.write(Self.scope) { connection in
            try await connection.query(
                """
                WITH workflow AS (
                    INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition)
                    VALUES (\(Self.tenantID), \(workflow), \(id.uuidString), '1', '{}') RETURNING id)
                INSERT INTO pressroom.tasks (tenant_id, task_id, workflow_id, workflow_name, workflow_version, context)
                SELECT \(Self.tenantID), \(id), workflow.id, \(workflow), '1.0.0', \(context.json.text)::jsonb
                  FROM workflow
                """)
        }
        return id
    }

    func setStatus(_ taskID: UUID, _ status: String) async throws {
        _ = try await store.write(Self.scope) { connection in
            try await connection.query(
                """
                UPDATE pressroom.tasks SET status = \(status)
                 WHERE tenant_id = \(Self.tenantID) AND task_id = \(taskID)
                """)
        }
    }

    /// Appends custom events; `size` is that of their data.
    func addCustom(_ taskID: UUID, count: Int = 1, size: Int = 10) async throws {
        let data = JSON.object(["data": .string(String(repeating: "x", count: size))]).text
        _ = try await store.write(Self.scope) { connection in
            try await connection.query(
                """
                SELECT pressroom.append_events(\(Self.tenantID), array_agg(
                           ROW(\(taskID)::uuid, 'custom.test', \(data)::json)::pressroom.change))
                  FROM generate_series(1, \(count)::int)
                """)
        }
    }

    func head() async throws -> LogHead { try await store.logHead(Self.scope) }
}
