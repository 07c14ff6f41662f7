import API
package import Logging
package import NIOCore
import Postgres
package import Processor
import ServiceLifecycle
import UnixSignals
package import Workflow

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

/// Why the address could not be listened on, in words that say what to do.
struct StartError: Error, CustomStringConvertible {
    let description: String

    init?(_ error: any Error, _ http: PressroomConfiguration.HTTP) {
        guard let error = error as? IOError else { return nil }
        let address = "\(http.host):\(http.port)"
        switch error.errnoCode {
        case 98: description = "\(address) is in use by another program; choose another port with --http-port."
        case 13: description = "\(address) may not be listened on by this user; choose a port above 1023 with --http-port."
        case 99: description = "\(http.host) is no address of this machine; choose another with --http-host."
        default: return nil
        }
    }
}

extension OwnKinds {
    /// - Throws: `ConfigurationError` for a name that no kind can have, or that two have.
    package init(registered kinds: [RegisteredKind]) throws(ConfigurationError) {
        var checks: [String: Check] = [:]
        var problems: [ConfigurationError.Problem] = []
        for kind in kinds {
            if !Self.isName(kind.name) {
                problems.append(.init(
                    key: "", source: "kind '\(kind.name)'",
                    detail: "must have a name of words with dots between them, such as shop.resize, in lower case"))
            }
            if checks.updateValue(kind.check, forKey: kind.name) != nil {
                problems.append(.init(key: "", source: "kind '\(kind.name)'", detail: "is registered twice"))
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        self.init(checks)
    }
}
