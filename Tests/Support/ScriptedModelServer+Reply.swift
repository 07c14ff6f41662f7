import NIOCore
import Synchronization

extension ScriptedModelServer {
    /// What a script writes its answer with, bytes as it likes.
    package final class Reply: Sendable {
        private let channel: any Channel
        private let finished = Atomic(false)

        init(channel: any Channel) {
            self.channel = channel
        }

        /// Whether the answer ended well, so that the connection can take another request.
        var isFinished: Bool { finished.load(ordering: .relaxed) }

        /// Begins an answer in chunks.
        package func start(status: Int = 200, headers: [String: String] = ["content-type": "text/event-stream"]) async throws {
            try await raw(Self.head(status, headers.merging(["transfer-encoding": "chunked"]) { $1 }))
        }

        /// One chunk of the answer.
        package func send(_ bytes: some Collection<UInt8>) async throws {
            guard !bytes.isEmpty else { return }
            var buffer = ByteBuffer(string: String(bytes.count, radix: 16) + "\r\n")
            buffer.writeBytes(bytes)
            buffer.writeString("\r\n")
            try await channel.writeAndFlush(buffer)
        }

        package func send(_ text: String) async throws {
            try await send(Array(text.utf8))
        }

        /// Ends an answer in chunks.
        package func finish() async throws {
            try await raw("0\r\n\r\n")
            finished.store(true, ordering: .relaxed)
        }

        /// A whole answer.
        package func answer(status: Int, headers: [String: String] = [:], body: String) async throws {
            let length = ["content-length": String(body.utf8.count)]
            try await raw(Self.head(status, headers.merging(length) { $1 }) + body)
            finished.store(true, ordering: .relaxed)
        }

        /// Bytes as they are, HTTP or not.
        package func raw(_ text: String) async throws {
            try await channel.writeAndFlush(ByteBuffer(string: text))
        }

        /// Closes the connection, wherever the answer stands.
        package func cut() async throws {
            try await channel.close()
        }

        /// Returns when the connection is closed, by the client or because the server stops.
        package func untilClosed() async throws {
            try await channel.closeFuture.get()
        }

        private static func head(_ status: Int, _ headers: [String: String]) -> String {
            let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
            return "HTTP/1.1 \(status) Scripted\r\n\(lines)\r\n"
        }
    }

    /// Something that happens once and that one other task waits for.
    package struct Signal: Sendable {
        private let stream: AsyncStream<Never>
        private let continuation: AsyncStream<Never>.Continuation

        package init() {
            (stream, continuation) = AsyncStream.makeStream()
        }

        package func fire() {
            continuation.finish()
        }

        /// Returns when it has happened, or when the task is cancelled.
        package func wait() async {
            for await _ in stream {}
        }
    }
}
