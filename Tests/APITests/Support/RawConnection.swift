import NIOCore
import NIOPosix

/// Sends bytes as they are and gives back everything that comes until the server closes.
func exchange(port: Int, _ parts: [String]) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        for part in parts { try await outbound.write(ByteBuffer(string: part)) }
        var received = ByteBuffer()
        do {
            for try await var bytes in inbound { received.writeBuffer(&bytes) }
        } catch is IOError {
            // The server may reset a connection whose bytes it did not want.
        }
        return String(buffer: received)
    }
}
