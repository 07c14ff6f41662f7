import Base
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Store
import Synchronization
import TestSupport
import Workflow

@testable import Processor

/// A database, a store, and processors on it, for one test.
final class Newsroom: Sendable {
    let client: PostgresClient
    let store: Store
    let scope = Scope(tenantID: "default", userID: "local")
    let logger: Logger
    private let observer = NewsroomObserver()

    init(client: PostgresClient, logger: Logger, expressionLimits: ExpressionLimits = ExpressionLimits()) {
        self.client = client
        self.logger = logger
        store = Store(database: client, observers: [observer], expressionLimits: expressionLimits)
    }

    func publish(_ yaml: String) async throws -> (UUID, WorkflowDefinition) {
        let definition = try WorkflowDefinition.parse(yaml, format: .yaml)
        let id = UUIDv7.next()
        _ = try await client.query(
            """
            INSERT INTO pressroom.workflows (tenant_id, id, name, version, version_sort, definition)
            VALUES ('default', \(id), \(definition.name), \(definition.version.description), '1', \(definition.json)::json)
            """)
        return (id, definition)
    }

    func start(_ workflow: (id: UUID, definition: WorkflowDefinition), input: JSON = ["topic": "tests"]) async throws -> UUID {
        let taskID = UUIDv7.next()
        let context = ExecutionContext(tenantID: "default", userID: "local", taskID: taskID, traceID: "00")
        _ = try await store.startTask(
            scope,
            TaskStart(
                taskID: taskID, workflow: workflow.definition, workflowID: workflow.id, input: input, config: [:],
                context: context, priority: 0, runAt: nil, idempotencyKey: nil))
        return taskID
    }

    func withProcessor<T: Sendable>(
        _ model: any LanguageModel, configuration: ProcessorConfiguration = ProcessorConfiguration(),
        _ body: @Sendable (Processor) async throws -> T
    ) async throws -> T {
        try await withProcessor(StepServices(models: { _ in model }), configuration: configuration, body)
    }

    /// Runs a processor while `body` runs; shuts it down gracefully afterwards.
    func withProcessor<T: Sendable>(
        _ services: StepServices, configuration: ProcessorConfiguration = ProcessorConfiguration(),
        _ body: @Sendable (Processor) async throws -> T
    ) async throws -> T {
        let signals = ProcessorSignals()
        observer.add(signals)
        let processor = Processor(
            id: UUIDv7.next(), store: store, signals: signals, services: services, configuration: configuration,
            publish: { _ in }, logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: processor)], gracefulShutdownSignals: [], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let value: T
            do {
                value = try await body(processor)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    /// Returns as soon as the condition holds; looks again at each commit of this store.
    func until(_ condition: @Sendable () async throws -> Bool) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        observer.add(continuation)
        continuation.yield()
        for await _ in stream {
            if try await condition() { return }
        }
        throw CancellationError()
    }

    func waitForEnd(_ taskID: UUID) async throws -> String {
        try await until { ["completed", "failed", "cancelled"].contains(try await self.status(taskID)) }
        return try await status(taskID)
    }

    func status(_ taskID: UUID) async throws -> String {
        try await text("SELECT status FROM pressroom.tasks WHERE task_id = \(taskID)")
    }

    func text(_ query: PostgresQuery) async throws -> String {
        try await client.query(query).first?.decode(0, as: String?.self) ?? ""
    }

    func json(_ query: PostgresQuery) async throws -> JSON {
        try JSON(parsing: try await text(query))
    }

    func count(_ query: PostgresQuery) async throws -> Int {
        try await client.query(query).first?.decode(0, as: Int.self) ?? -1
    }
}

/// Wakes the tests that wait and the processors of a newsroom after each commit of its store.
private final class NewsroomObserver: CommitObserver {
    private let waiting = Mutex<[AsyncStream<Void>.Continuation]>([])
    private let processors = Mutex<[ProcessorSignals]>([])

    func add(_ change: AsyncStream<Void>.Continuation) {
        waiting.withLock { $0.append(change) }
    }

    func add(_ signals: ProcessorSignals) {
        processors.withLock { $0.append(signals) }
    }

    func committed(_ commit: Commit) {
        for signals in processors.withLock({ $0 }) { signals.committed(commit) }
        for change in waiting.withLock({ $0 }) { change.yield() }
    }
}

func withNewsroom<T: Sendable>(_ body: (Newsroom) async throws -> T) async throws -> T {
    let logger = try await PostgresServer.shared().logger
    return try await withPostgresClient(migrated: true, maxConnections: 8) { client in
        try await body(Newsroom(client: client, logger: logger))
    }
}
