import API
package import Logging
package import NIOCore
import Postgres
package import Processor
import ServiceLifecycle
import UnixSignals
import Workflow

/// Runs a node until SIGTERM or SIGINT: database, tailer, processor, HTTP and streams.
///
/// - Parameters:
///   - ownKinds: kinds of phases of the embedding program.
///   - signals: whether SIGTERM and SIGINT shut it down gracefully; tests do so by cancelling.
///   - onRunning: called with the address that is listened on.
package func runService(
    _ configuration: PressroomConfiguration, ownKinds: [RegisteredKind] = [], logger: Logger? = nil, signals: Bool = true,
    onRunning: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
) async throws {
    var logger = logger ?? Logger(label: "pressroom")
    logger.logLevel = configuration.logLevel
    var api = try APIConfiguration(configuration)  // before anything is started: it finds files missing
    api.ownKinds = try OwnKinds(registered: ownKinds)
    let database = try await Database.open(configuration, logger: logger)
    let node = PressroomNode(configuration, api, database, ownKinds, logger: logger, onRunning: onRunning)
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: node.services.map { .init(service: $0) },
            gracefulShutdownSignals: signals ? [.sigterm, .sigint] : [], logger: logger))
    do {
        try await group.run()
    } catch {
        await node.close()
        throw StartError(error, configuration.http) ?? error
    }
    await node.close()
}
