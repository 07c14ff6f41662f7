import NIOCore
import NIOExtras

/// Ends a connection whose TLS handshake is not done when the server stops: nobody behind it would hear of that yet.
final class HandshakeEnd: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    var isDone = false

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, !isDone { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
