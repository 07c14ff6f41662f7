import Base
import API
import Foundation
import Glibc
package import Logging
package import NIOCore
import Postgres
package import Processor
import ServiceLifecycle
import Synchronization
import UnixSignals
package import Workflow

/// Runs a node until SIGTERM or SIGINT: database, tailer, processor, HTTP and streams.
///
/// - Parameters:
///   - customKinds: phase kinds of the embedding program.
///   - signals: whether SIGTERM and SIGINT shut the node down gracefully; tests cancel instead.
///   - onRunning: called with the address on which the server listens.
package func runService(
    _ configuration: PressroomConfiguration, customKinds: [RegisteredKind] = [], logger: Logger? = nil, signals: Bool = true,
    onRunning: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
) async throws {
    var logger = logger ?? Logger(label: "pressroom")
    logger.logLevel = configuration.logLevel
    var api = try APIConfiguration(configuration)  // before anything starts: files may be missing
    api.customKinds = try CustomKinds(registered: customKinds)
    let tokenSecret = try configuration.auth.secret(in: ProcessInfo.processInfo.environment)
    let stop = StopRequest()
    let received = signals ? await UnixSignalsSequence(trapping: .sigterm, .sigint) : nil
    let listening = received.map { received in Task { for await _ in received { await stop.make() } } }
    defer { listening?.cancel() }

    // A port that is taken is told before a database is made or changed.
    do { try configuration.http.checkAddress() } catch { throw StartError(error, configuration.http) ?? error }
    let opening = Task { [logger] in try await Database.open(configuration, logger: logger) }
    await stop.setAction { opening.cancel() }
    let database: Database
    do {
        database = try await withTaskCancellationHandler { try await opening.value } onCancel: { opening.cancel() }
    } catch {
        // What had been started is stopped again.
        if stop.isMade { return logger.notice("stopped while starting") }
        throw error
    }
    let node = PressroomNode(
        configuration, api, database, customKinds, tokenSecret: tokenSecret, logger: logger, onRunning: onRunning)
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(services: node.services.map { .init(service: $0) }, logger: logger))
    await stop.setAction { await group.triggerGracefulShutdown() }
    do {
        try await group.run()
    } catch {
        await node.close()
        throw StartError(error, configuration.http) ?? error
    }
    await node.close()
}

/// A request to stop the process. What it does depends on what the node is doing.
private final class StopRequest: Sendable {
    private struct State {
        var isMade = false
        var action: (@Sendable () async -> Void)?
    }

    private let state = Mutex(State())

    var isMade: Bool { state.withLock { $0.isMade } }

    func make() async {
        let action = state.withLock { state in
            state.isMade = true
            return state.action
        }
        await action?()
    }

    /// Sets what a request does from now on. A request that was made already does it at once.
    func setAction(_ action: @escaping @Sendable () async -> Void) async {
        let isMade = state.withLock { state in
            state.action = action
            return state.isMade
        }
        if isMade { await action() }
    }
}

extension PressroomConfiguration.HTTP {
    /// Binds a socket to the address, and closes it without listening.
    ///
    /// - Throws: `IOError` when the server could not listen there now.
    fileprivate func checkAddress() throws {
        guard port != 0 else { return }
        // A name that cannot be resolved is the server's to report.
        guard let address = try? SocketAddress.makeAddressResolvingHost(host, port: port) else { return }
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let result = address.withSockAddr { pointer, size in bind(descriptor, pointer, socklen_t(size)) }
        if result != 0 { throw IOError(errnoCode: errno, reason: "bind") }
    }
}

/// Why the server cannot listen on its address, and what to do about it.
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

extension CustomKinds {
    /// - Throws: `ConfigurationError` for an invalid name, or a name that two kinds have.
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
