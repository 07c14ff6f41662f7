import API
import Broadcast
import Logging
import NIOCore
import NIOPosix
import Postgres
import ServiceLifecycle
import Store
import TestSupport

/// A node as `pressroom serve` puts it together, without a processor: a pool, a store, a hub, a tailer and a server.
struct StreamNode: Sendable {
    struct NotStarted: Error {}

    static let fanOut = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    let port: Int
    let store: Store
    let hub: Hub
    let feed: LocalEventFeed

    /// Lends one that runs, and stops it afterwards.
    /// - Parameter fanOut: where its streams go; nil: they stay where their connections are.
    static func with<Value: Sendable>(
        _ database: PostgresConfiguration, fanOut: MultiThreadedEventLoopGroup? = Self.fanOut, configure: (inout HubConfiguration) -> Void,
        _ body: @Sendable (StreamNode) async throws -> Value
    ) async throws -> Value {
        let logger = try await PostgresServer.shared().logger
        var database = database
        database.maxConnections = 6
        let client = PostgresClient(configuration: database, logger: logger)
        var configuration = HubConfiguration()
        configuration.drainTime = .milliseconds(1)
        configure(&configuration)
        let group = MultiThreadedEventLoopGroup.singleton
        let hub = Hub(group: group, fanOut: fanOut, configuration: configuration)
        let feed = LocalEventFeed(hub: hub)
        let store = Store(database: client, observers: [feed])
        var tailing = TailerConfiguration()
        tailing.pollInterval = .milliseconds(40)
        let tailer = Tailer(store: store, feed: feed, configuration: tailing, logger: logger)
        var serving = APIConfiguration()
        serving.port = 0
        let (ports, portFound) = AsyncStream.makeStream(of: Int.self)
        let server = APIServer.service(
            configuration: serving, store: store, hub: hub, eventLoopGroup: group, logger: logger,
            onServerRunning: { channel in
                // Accepted connections inherit it: the system shall not keep much for a reader that does not read.
                try? await channel.setOption(.socketOption(.so_sndbuf), value: 4096).get()
                portFound.yield(channel.localAddress?.port ?? 0)
            })
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: client), .init(service: tailer), .init(service: server), .init(service: hub)],
                logger: logger))
        let result: Result<Value, any Error> = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try? await services.run()
                portFound.finish()
            }
            var found = ports.makeAsyncIterator()
            guard let port = await found.next() else { return .failure(NotStarted()) }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(StreamNode(port: port, store: store, hub: hub, feed: feed)))
            } catch {
                result = .failure(error)
            }
            await services.triggerGracefulShutdown()
            return result
        }
        return try result.get()
    }
}
