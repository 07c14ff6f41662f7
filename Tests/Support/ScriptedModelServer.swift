package import Base
import NIOCore
import NIOPosix
import Synchronization
import Workflow

/// An HTTP server on the loopback address that behaves like a model provider, or misbehaves as a test tells it.
///
/// Each request takes the next of the enqueued scripts; without one the server is a decent provider that speaks chat
/// completions (see ``Script/decent``). It writes raw bytes, so that a script can break HTTP itself.
package final class ScriptedModelServer: Sendable {
    package struct Request: Sendable {
        package let method: String
        package let path: String
        /// Names in lower case; of a repeated header the last.
        package let headers: [String: String]
        package let body: [UInt8]
        /// Which of the server's connections it came over; a number with no meaning but itself.
        package let connection: Int

        package var json: JSON? { try? JSON(parsing: body) }
    }

    private struct State {
        var port = 0
        var requests: [Request] = []
        var scripts: [Script] = []
        var fallback = Script.decent
        var channels: [Int: any Channel] = [:]
        var nextConnection = 0
        var isStopped = false
    }

    private struct Connection: Sendable {
        let number: Int
        let channel: any Channel
        let received: AsyncStream<ByteBuffer>
    }

    private let state = Mutex(State())
    private let arrivals = AsyncStream<Connection>.makeStream()

    private init() {}

    package var port: Int { state.withLock { $0.port } }

    /// What a provider's `base_url` is to be.
    package var baseURL: String { "http://127.0.0.1:\(port)/v1" }

    /// Everything that was asked so far, in the order of arrival.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Lets the next request that has no script yet be answered by `script`.
    package func enqueue(_ script: Script) {
        state.withLock { $0.scripts.append(script) }
    }

    /// Lets every request that has no script of its own be answered by `script`.
    package func answerAlways(with script: Script) {
        state.withLock { $0.fallback = script }
    }

    /// Runs a server for as long as `body` runs.
    package static func withServer<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ScriptedModelServer) async throws -> Value
    ) async throws -> Value {
        let server = ScriptedModelServer()
        let port = try ReservedPort.next()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try server.accept(channel) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        server.state.withLock { $0.port = port }
        // Not on the threads that all tasks share: a test that computes for long takes them, and a server that gets none looks
        // like one that hangs.
        let serving = Task(executorPreference: LoopExecutor(MultiThreadedEventLoopGroup.singleton.any())) {
            await withDiscardingTaskGroup { group in
                for await connection in server.arrivals.stream {
                    group.addTask { await server.serve(connection) }
                }
            }
        }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        try? await listener.close()
        serving.cancel()
        server.stop()
        await serving.value
        return try result.get()
    }

    private func accept(_ channel: any Channel) throws {
        let received = AsyncStream<ByteBuffer>.makeStream()
        try channel.pipeline.syncOperations.addHandler(Receiver(continuation: received.continuation))
        let number: Int? = state.withLock { state in
            guard !state.isStopped else { return nil }
            defer { state.nextConnection += 1 }
            state.channels[state.nextConnection] = channel
            return state.nextConnection
        }
        guard let number else { return channel.close(promise: nil) }
        arrivals.continuation.yield(Connection(number: number, channel: channel, received: received.stream))
    }

    private func serve(_ connection: Connection) async {
        var reader = RequestReader(inbound: connection.received.makeAsyncIterator(), connection: connection.number)
        while let request = await reader.next() {
            let script = state.withLock { state in
                state.requests.append(request)
                return state.scripts.isEmpty ? state.fallback : state.scripts.removeFirst()
            }
            let reply = Reply(channel: connection.channel)
            // What a script throws comes from a client that went away, and ends the connection as an unfinished answer does.
            try? await script.run(request, reply)
            guard reply.isFinished else { break }
        }
        connection.channel.close(promise: nil)
        state.withLock { _ = $0.channels.removeValue(forKey: connection.number) }
    }

    private func stop() {
        let channels = state.withLock { state in
            state.isStopped = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}

/// Runs tasks on an event loop.
private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Hands the bytes of a connection over, until it is closed.
private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(continuation: AsyncStream<ByteBuffer>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Reads requests with a `content-length`, one after the other.
private struct RequestReader {
    var inbound: AsyncStream<ByteBuffer>.Iterator
    let connection: Int
    private var received: [UInt8] = []

    init(inbound: AsyncStream<ByteBuffer>.Iterator, connection: Int) {
        self.inbound = inbound
        self.connection = connection
    }

    mutating func next() async -> ScriptedModelServer.Request? {
        let separator = Array("\r\n\r\n".utf8)
        while true {
            if let headEnd = received.firstRange(of: separator) {
                let lines = String(decoding: received[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n")
                let start = (lines.first ?? "").split(separator: " ")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts.count < 2 ? "" : String(parts[1].drop { $0 == " " })
                }
                let end = headEnd.upperBound + (headers["content-length"].flatMap { Int($0) } ?? 0)
                if received.count >= end {
                    defer { received.removeFirst(end) }
                    return ScriptedModelServer.Request(
                        method: String(start.first ?? ""), path: start.count > 1 ? String(start[1]) : "",
                        headers: headers, body: Array(received[headEnd.upperBound..<end]),
                        connection: connection)
                }
            }
            guard let buffer = await inbound.next() else { return nil }
            received.append(contentsOf: buffer.readableBytesView)
        }
    }
}
