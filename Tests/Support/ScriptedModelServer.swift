import NIOCore
import NIOPosix
import Synchronization
package import Workflow

/// An HTTP server on the loopback address that answers like a model provider, or misbehaves as a test tells it.
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
        var requests: [Request] = []
        var scripts: [Script] = []
        var fallback = Script.decent
        var connections: [Int: any Channel] = [:]
        var nextConnection = 0
    }

    package let port: Int
    private let state = Mutex(State())

    private init(port: Int) {
        self.port = port
    }

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
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let server = ScriptedModelServer(port: listener.channel.localAddress?.port ?? 0)
        let serving = Task { try await server.serve(listener) }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        serving.cancel()
        server.closeConnections()
        _ = await serving.result
        return try result.get()
    }

    private func serve(_ listener: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { try? await self.serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        let channel = connection.channel
        let number = state.withLock { state in
            defer { state.nextConnection += 1 }
            state.connections[state.nextConnection] = channel
            return state.nextConnection
        }
        defer { state.withLock { _ = $0.connections.removeValue(forKey: number) } }
        // Scripts wait for connections to close, which those that come late must do too.
        if Task.isCancelled { channel.close(promise: nil) }
        try await connection.executeThenClose { inbound, outbound in
            var reader = RequestReader(inbound: inbound.makeAsyncIterator(), connection: number)
            while let request = try await reader.next() {
                let script = state.withLock { state in
                    state.requests.append(request)
                    return state.scripts.isEmpty ? state.fallback : state.scripts.removeFirst()
                }
                let reply = Reply(channel: channel, outbound: outbound)
                try await script.run(request, reply)
                guard reply.isFinished else { break }
            }
        }
    }

    private func closeConnections() {
        for channel in state.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    }
}

/// Reads requests with a `content-length`, one after the other.
private struct RequestReader {
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let connection: Int
    private var received: [UInt8] = []

    init(inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, connection: Int) {
        self.inbound = inbound
        self.connection = connection
    }

    mutating func next() async throws -> ScriptedModelServer.Request? {
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
            guard let buffer = try await inbound.next() else { return nil }
            received.append(contentsOf: buffer.readableBytesView)
        }
    }
}
