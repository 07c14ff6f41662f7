import NIOCore
import NIOSSL
import NIOTLS

/// Connections that begin with TLS, in which the client chooses between HTTP/2 and HTTP/1.1 (ALPN, RFC 7301).
struct SecureConnections: ConnectionSetup {
    let certificate: ServerCertificate
    let http1: HTTP1Connections
    let http2: HTTP2Connections
    /// Within which the handshake must be done.
    let handshakeTimeout: TimeAmount

    func setUp(_ channel: any Channel, _ open: OpenConnections) throws {
        // TLS has an end of its own; who closes a half without it has left.
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
