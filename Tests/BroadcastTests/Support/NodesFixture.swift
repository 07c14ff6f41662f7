import Foundation
import Logging
import NIOCore
import NIOPosix
import Postgres
import Store
import TestSupport
import Workflow

@testable import Broadcast

/// Several nodes on one database: each with a store, a hub, a tailer, node notifications and a reader of the others' texts.
enum NodesFixture {
    /// So seldom that a test would time out: what arrives was not found by polling.
    static let never = Duration.seconds(3_600)

    /// Lends them while they run, and stops them afterwards.
    ///
    /// - Parameter onWork: called with the number of the node that was told of work.
    static func with(
        _ count: Int, onWork: @escaping @Sendable (Int) -> Void = { _ in },
        _ body: @Sendable ([HubFixture]) async throws -> Void
    ) async throws {
        var logger = Logger(label: "nodes-tests")
        logger.logLevel = .critical
        let fixtureLogger = logger
        var tailing = TailerConfiguration()
        tailing.pollInterval = never
        let configuration = tailing
        try await withPostgresClient(migrated: true, maxConnections: 12) { client in
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
            let nodes = (0..<count).map { _ in
                HubFixture(client, Hub(group: group), logger: fixtureLogger)
            }
            let result: Result<Void, any Error> = await withTaskGroup(of: Void.self) { tasks in
                for (number, node) in nodes.enumerated() {
                    let tailer = Tailer(store: node.store, feed: node.feed, configuration: configuration, logger: fixtureLogger)
                    let notifications = NodeNotifications(
                        of: node.commits, store: node.store, tailer: tailer, onWork: { onWork(number) }, logger: fixtureLogger)
                    let texts = LiveTextReader(
                        store: node.store, hub: node.hub, processorID: node.commits.nodeID, interval: .milliseconds(5), logger: fixtureLogger)
                    tasks.addTask { try? await tailer.run() }
                    tasks.addTask { try? await notifications.run() }
                    tasks.addTask { try? await texts.run() }
                }
                defer { tasks.cancelAll() }
                do { return .success(try await body(nodes)) } catch { return .failure(error) }
            }
            try await group.shutdownGracefully()
            try result.get()
        }
    }

    /// Ends the connections on which the nodes hear each other.
    static func killListeners(_ client: PostgresClient) async throws {
        _ = try await client.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = \(NodeNotificationListener.applicationName)
            """)
    }
}
