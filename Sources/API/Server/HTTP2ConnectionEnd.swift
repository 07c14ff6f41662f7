import NIOCore
import NIOHTTP2

/// Closes a connection after its GOAWAY: at once after an error of the connection, which NIO leaves open, and after a
/// while when it is to end with its last stream, for clients that do not answer.
///
/// An error of one stream, which NIO reports in the same way, thus does not end the others.
struct HTTP2ConnectionEnd: NIOHTTP2FrameDelegate {
    private let channel: any Channel
    private let gracePeriod: TimeAmount

    init(_ channel: any Channel, gracePeriod: TimeAmount) {
        self.channel = channel
        self.gracePeriod = gracePeriod
    }

    func wroteFrame(_ frame: HTTP2Frame) {
        guard case .goAway(_, let code, _) = frame.payload else { return }
        let closing = channel.eventLoop.scheduleTask(in: code == .noError ? gracePeriod : .zero) { [channel] in
            channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { _ in closing.cancel() }
    }
}
