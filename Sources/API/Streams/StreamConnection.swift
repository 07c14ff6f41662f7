import Broadcast
import Logging
import NIOCore

/// One streaming response: sets the connection up, serves the stream, and ends it.
struct StreamConnection: Sendable {
    let request: StreamRequest
    let starter: StreamStarter
    let hub: Hub
    let permit: StreamPermit
    let channel: any Channel
    let logger: Logger
    let settleTime: Duration

    /// Serves the stream after the response's head is sent; false when the connection is gone, or is no longer the
    /// HTTP server's.
    func serve(_ start: StreamStart) async -> Bool {
        if await handOver(start) { return false }
        defer { permit.giveBack() }
        let outcome = await run(start, on: channel.eventLoop) { [channel] box in
            try StreamHandler.install(in: channel, for: box)
        } settle: { session in
            await session.settle(within: currentSettleTime)
        }
        do {
            try await StreamHandler.remove(from: channel).get()
            if outcome == .finished, channel.isActive { return true }
        } catch {
            logger.debug("a connection could not be used after its stream", metadata: ["error": "\(error)"])
        }
        channel.close(promise: nil)
        return false
    }

    /// Moves the stream to a loop that only fans out; false when there is none, or the connection must stay.
    private func handOver(_ start: StreamStart) async -> Bool {
        guard request.framing == .chunked, let eventLoop = hub.nextFanOutLoop(),
            let socket = try? await SocketHandover.takeSocket(of: channel)
        else { return false }
        Task {
            defer { permit.giveBack() }
            guard let channel = try? await SocketStream.open(socket, on: eventLoop) else { return }
            let outcome = await run(start, on: eventLoop) { box in
                try SocketStream.connect(channel, to: box)
            }
            if outcome == .finished { await SocketStream.end(channel, within: currentSettleTime) }
            channel.close(promise: nil)
        }
        return true
    }

    private var currentSettleTime: Duration { hub.isDraining ? min(settleTime, .seconds(1)) : settleTime }

    private func run(
        _ start: StreamStart, on eventLoop: any EventLoop, connect: @escaping @Sendable (SubscriberBox) throws -> Void,
        settle: (StreamSession) async -> Void = { _ in }
    ) async -> StreamOutcome {
        do {
            let session = try await StreamSession(
                request, hub: hub, store: starter.store, on: eventLoop, logger: logger
            ) { box in
                try connect(box.value)
            }
            let outcome = await session.run(start) { [starter] reason in
                guard case .stream(let start, _) = try await starter.reset(reason, given: nil) else {
                    throw CancellationError()
                }
                return start
            }
            if outcome == .finished { await settle(session) }
            return outcome
        } catch {
            logger.debug("a stream could not be served", metadata: ["error": "\(error)"])
            return .gone
        }
    }
}
