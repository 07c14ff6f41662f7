import Glibc
import NIOCore
import NIOSSL

/// Takes a plain connection away from the HTTP server, once the head of its response is sent and the rest is a stream.
///
/// The stream then needs none of what a request needs, and its event loop is not one that answers requests: these do
/// not wait for a fan-out, and a fan-out does not wait for them.
enum SocketHandover {
    /// A descriptor of the connection's socket; the channel is closed, the connection is not. Nil when it cannot be had:
    /// the channel then is as it was.
    static func takeSocket(of channel: any Channel) async throws -> NIOBSDSocket.Handle? {
        try await channel.eventLoop.submit {
            // Without TLS only: what is written past it would not be encrypted.
            let isSecure = (try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)) != nil
            guard !isSecure, channel.isActive, try channel.syncOptions?.getOption(.bufferedWritableBytes) == 0 else {
                return nil
            }
            let copy = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                fcntl($0, F_DUPFD_CLOEXEC, 0)
            }
            guard let copy, copy >= 0 else { return nil }
            channel.close(promise: nil)
            return copy
        }.get()
    }
}
