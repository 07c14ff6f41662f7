import Logging
import NIOCore

/// Tells that connections cannot be accepted, such as for want of file descriptors; at most once a minute. NIO waits
/// for a second before it tries again, and the clients wait in the kernel's queue.
final class AcceptErrorHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let logger: Logger
    private var silentUntil = NIODeadline.now()

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if NIODeadline.now() >= silentUntil {
            silentUntil = .now() + .minutes(1)
            logger.warning("connections cannot be accepted for now", metadata: ["error": "\(error)"])
        }
        context.fireErrorCaught(error)
    }
}

@available(*, unavailable)
extension AcceptErrorHandler: Sendable {}
