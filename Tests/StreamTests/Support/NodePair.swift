import Broadcast
import Postgres
import TestSupport

/// Two nodes on one database, in which stories happen one after the other.
struct NodePair: Sendable {
    /// How much the nodes keep: little, so that everything runs over, or as in production.
    enum Bounds: Int, CaseIterable, Sendable {
        case usual, smallRing, smallQueue, tiny

        func apply(to configuration: inout HubConfiguration) {
            configuration.heartbeat = .milliseconds(200)
            switch self {
            case .usual: break
            case .smallRing:
                configuration.ringCount = 5
                configuration.replayBytes = 3000
                configuration.maxAge = .milliseconds(400)
            case .smallQueue:
                configuration.ringBytes = 8000
                configuration.queueLimit = 2000
                configuration.maxUnsentBytes = 20_000
            case .tiny:
                configuration.ringCount = 1
                configuration.queueLimit = 1
                configuration.replayBytes = 1
                configuration.maxUnsentBytes = 1
            }
        }
    }

    let nodes: [StreamNode]
    let database: PostgresClient

    static func with<Value: Sendable>(
        _ bounds: Bounds, _ body: @Sendable (NodePair) async throws -> Value
    ) async throws -> Value {
        let logger = try await PostgresServer.shared().logger
        return try await withDatabase(migrated: true) { configuration in
            var own = configuration
            own.maxConnections = 12
            let database = PostgresClient(configuration: own, logger: logger)
            do {
                for tenant in Story.tenants {
                    _ = try await database.query(
                        "INSERT INTO pressroom.tenants (tenant_id) VALUES (\(tenant)) ON CONFLICT DO NOTHING")
                }
                let value = try await StreamNode.with(configuration, configure: bounds.apply) { first in
                    try await StreamNode.with(configuration, fanOut: nil, configure: bounds.apply) { second in
                        try await body(NodePair(nodes: [first, second], database: database))
                    }
                }
                await database.shutdown()
                return value
            } catch {
                await database.shutdown()
                throw error
            }
        }
    }
}
