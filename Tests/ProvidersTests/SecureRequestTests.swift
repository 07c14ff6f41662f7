import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("Requests of http phases over TLS", .limit(minutes: 2))
struct SecureRequestTests {
    @Test("A certificate that is trusted and fits the host is needed")
    func certificates() async throws {
        try await TestCertificate.with { certificate in
            let context = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.certificate).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem))))
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: context), Hello())
                    }
                }
            let server = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            let port = server.localAddress?.port ?? 0
            // The certificate is for 127.0.0.1.
            let other = try await bootstrap.bind(host: "127.0.0.2", port: 0).get()
            var trusting = TLSConfiguration.makeClientConfiguration()
            trusting.trustRoots = .file(certificate.certificate)
            let own = try await send("https://127.0.0.1:\(port)/", trusting).get()
            #expect(String(decoding: own.body, as: UTF8.self) == "hello")
            // Signed by nobody that the system trusts; and trusted, but made for another host.
            for result in [
                await send("https://127.0.0.1:\(port)/", .makeClientConfiguration()), await send("https://other.example:\(other.localAddress?.port ?? 0)/", trusting, at: "127.0.0.2"),
            ] {
                let error = #expect(throws: ProviderError.self) { try result.get() }
                #expect(error?.code == .unavailable && error?.message.contains("TLS") == true, "\(String(describing: error))")
            }
            try await server.close()
            try await other.close()
        }
    }

    private func send(_ url: String, _ tls: TLSConfiguration, at address: String = "127.0.0.1") async -> Result<WebResponse, ProviderError> {
        let client = GuardedWebClient(
            rules: AddressRules(exceptions: ["127.0.0.0/8"].compactMap { AddressRules.Exception($0) }),
            resolver: NameResolver { _ in [IPAddress(address)].compactMap { $0 } }, group: MultiThreadedEventLoopGroup.singleton, tls: tls)
        do throws(ProviderError) {
            return .success(try await client.send(WebRequest(method: .get, url: url, timeout: .seconds(30), maxBytes: 100)))
        } catch {
            return .failure(error)
        }
    }
}

/// Answers the first bytes that come.
private final class Hello: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
