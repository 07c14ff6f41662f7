package import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL
import Synchronization
package import Workflow

/// Sends the requests of `http` phases, to addresses that the rules permit and to no others.
///
/// The host is looked up once; every address that it has must be permitted, and the connection is made to such an
/// address and not to the name. Redirects are not followed. Each request has a connection of its own.
package struct GuardedWebClient: WebClient {
    private static let connectTimeout = Duration.seconds(10)

    private let rules: AddressRules
    private let resolver: NameResolver
    private let group: any EventLoopGroup
    private let tls: Result<NIOSSLContext, any Error>

    package init(
        rules: AddressRules, resolver: NameResolver, group: any EventLoopGroup,
        tls configuration: TLSConfiguration = .makeClientConfiguration()
    ) {
        self.rules = rules
        self.resolver = resolver
        self.group = group
        // Once: reading the system's certificates takes long.
        tls = Result { try NIOSSLContext(configuration: configuration) }
    }

    package func send(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        let result = await withTaskGroup(of: Result<WebResponse, ProviderError>?.self) { group in
            group.addTask {
                do throws(ProviderError) {
                    return .success(try await exchange(request))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: request.timeout)
                    return .failure(ProviderError(code: .timeout, message: "The server took longer than \(request.timeout)."))
                } catch {
                    return nil  // cancelled: by the answer, or from outside
                }
            }
            var first: Result<WebResponse, ProviderError>?
            for await result in group {
                if first == nil, let result { first = result }
                group.cancelAll()
            }
            return first
        }
        if Task.isCancelled { throw ProviderError(code: .cancelled, message: "The request was cancelled.") }
        return try (result ?? .failure(ProviderError(code: .cancelled, message: "The request was cancelled."))).get()
    }

    private func exchange(_ request: WebRequest) async throws(ProviderError) -> WebResponse {
        let target = try WebTarget(request.url)
        let addresses = try await resolver.addresses(of: target.host)
        guard !addresses.isEmpty else { throw ProviderError(code: .unavailable, message: "The name \(target.host) has no address.") }
        // All of them: a name with a forbidden address among others is one that somebody plays with.
        for address in addresses where !rules.permit(address, host: target.host, port: target.port) {
            throw ProviderError(
                code: .forbiddenAddress,
                message: "\(target.host) is at an address that is not public. To permit it, see requests.allow in the configuration.")
        }
        var failure = ProviderError(code: .unavailable, message: "\(target.host) cannot be reached.")
        for address in addresses {
            do {
                return try await exchange(request, target, address)
            } catch {
                failure = WebFailure.error(of: error, host: target.host)
                guard failure.code == .unavailable, error is any ConnectFailure, !Task.isCancelled else { throw failure }
            }
        }
        throw failure
    }

    private func exchange(_ request: WebRequest, _ target: WebTarget, _ address: IPAddress) async throws -> WebResponse {
        let context = target.isSecure ? try tls.get() : nil
        let loop = group.next()
        let answer = loop.makePromise(of: WebResponse.self)
        let opened = Mutex<(channel: (any Channel)?, isCancelled: Bool)>((nil, false))
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(Int64(min(Self.connectTimeout, request.timeout) / .nanoseconds(1))))
            .channelInitializer { channel in
                let isCancelled = opened.withLock { opened in
                    opened.channel = channel
                    return opened.isCancelled
                }
                return channel.eventLoop.makeCompletedFuture {
                    if isCancelled { throw CancellationError() }
                    if let context {
                        // An address has no server name (RFC 6066, section 3); its certificate is checked for the address.
                        let name = IPAddress(target.host) == nil ? target.host : nil
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(WebExchange(request, target, answer))
                }
            }
        return try await withTaskCancellationHandler {
            do {
                let place = try SocketAddress(packedIPAddress: ByteBuffer(bytes: address.bytes), port: target.port)
                _ = try await bootstrap.connect(to: place).get()
            } catch {
                answer.fail(error)
                _ = try? await answer.futureResult.get()
                throw NoConnection(cause: error)
            }
            return try await answer.futureResult.get()
        } onCancel: {
            let channel = opened.withLock { opened in
                opened.isCancelled = true
                return opened.channel
            }
            channel?.close(promise: nil)
        }
    }
}

/// The address did not take a connection: another address of the same name may.
protocol ConnectFailure: Error {}

struct NoConnection: ConnectFailure {
    let cause: any Error
}
