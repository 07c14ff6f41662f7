import Foundation
import NIOCore
import NIOExtras
package import NIOSSL
import NIOTLS

/// Connections that begin with TLS, in which the client chooses between HTTP/2 and HTTP/1.1 (ALPN, RFC 7301).
struct SecureConnections: ConnectionSetup {
    let certificate: ServerCertificate
    let http1: HTTP1Connections
    let http2: HTTP2Connections
    /// The time within which the handshake must be done.
    let handshakeTimeout: TimeAmount

    func setUp(_ channel: any Channel, _ open: OpenConnections) throws {
        // TLS signals its own end: a client that closes its half without it has left.
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
        let pipeline = channel.pipeline.syncOperations
        let deadline = channel.eventLoop.scheduleTask(in: handshakeTimeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in deadline.cancel() }
        let end = HandshakeEnd()
        let handshake = NIOLoopBound(end, eventLoop: channel.eventLoop)
        try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context))
        try pipeline.addHandler(end)
        try pipeline.addHandler(
            ApplicationProtocolNegotiationHandler { [http1, http2] result, channel in
                deadline.cancel()
                handshake.value.isDone = true
                if open.isQuiescing { channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    if result == .negotiated("h2") {
                        try http2.setUp(channel, open)
                    } else {
                        try http1.setUp(channel, open)
                    }
                }.flatMapErrorThrowing { error in
                    channel.close(promise: nil)
                    throw error
                }
            })
    }
}

/// Closes a connection whose TLS handshake is not done when the server stops: no other handler would react yet.
final class HandshakeEnd: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    var isDone = false

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, !isDone { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

/// The certificate of a server with its chain, and its key.
package struct ServerCertificate: Sendable {
    /// Which of the two files is wrong, and why.
    package struct Failure: Error, Sendable, Hashable {
        package enum File: Sendable, Hashable {
            case certificate
            case key
        }

        package let file: File
        /// The end of a sentence about the file's setting.
        package let detail: String
    }

    package let context: NIOSSLContext

    /// Reads both files, in PEM, the server's certificate first. Allows TLS 1.2 and 1.3; prefers HTTP/2 to HTTP/1.1.
    package init(certificateFile: String, keyFile: String) throws(Failure) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(try Self.bytes(of: certificateFile, .certificate))
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(file: .certificate, detail: "names '\(certificateFile)', which holds no certificate in PEM")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: try Self.bytes(of: keyFile, .key), format: .pem)
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(file: .key, detail: "names '\(keyFile)', which holds no private key in PEM without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw Failure(
                file: .key, detail: "names '\(keyFile)', which is not the key of the certificate in '\(certificateFile)'")
        }
    }

    private static func bytes(of path: String, _ file: Failure.File) throws(Failure) -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(file: file, detail: "names '\(path)', which does not exist")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(file: file, detail: "names '\(path)', which cannot be read")
        }
        return Array(data)
    }
}
