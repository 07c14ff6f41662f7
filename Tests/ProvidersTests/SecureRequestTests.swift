import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("Requests of http phases over TLS", .timeLimit(.minutes(1)))
struct SecureRequestTests {
    @Test("A certificate that is trusted and fits the host is needed")
    func certificates() async throws {
        try await TestCertificate.with { certificate in
            let context = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.certificate).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem))))
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: context), Hello())
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = server.localAddress?.port ?? 0
            var trusting = TLSConfiguration.makeClientConfiguration()
            trusting.trustRoots = .file(certificate.certificate)
            let own = try await send("https://127.0.0.1:\(port)/", trusting).get()
            #expect(String(decoding: own.body, as: UTF8.self) == "hello")
            // Signed by nobody that the system trusts; and trusted, but made for another host.
            for result in [
                await send("https://127.0.0.1:\(port)/", .makeClientConfiguration()), await send("https://other.example:\(port)/", trusting),
            ] {
                let error = #expect(throws: ProviderError.self) { try result.get() }
                #expect(error?.code == .unavailable && error?.message.contains("TLS") == true, "\(String(describing: error))")
            }
            try await server.close()
        }
    }

    private func send(_ url: String, _ tls: TLSConfiguration) async -> Result<WebResponse, ProviderError> {
        let client = GuardedWebClient(
            rules: AddressRules(exceptions: ["127.0.0.1"].compactMap { AddressRules.Exception($0) }),
            resolver: NameResolver { _ in [IPAddress("127.0.0.1")].compactMap { $0 } }, group: MultiThreadedEventLoopGroup.singleton, tls: tls)
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
