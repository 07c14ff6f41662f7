import Broadcast
import Logging
import NIOCore

/// One streaming response: sets the connection up, serves the stream, and leaves the connection as it was.
struct StreamConnection: Sendable {
    let request: StreamRequest
    let starter: StreamStarter
    let hub: Hub
    let permit: StreamPermit
    let channel: any Channel
    let logger: Logger
    let settleTime: Duration

    /// Serves the stream after the response's head is sent; false when the connection is gone.
    func serve(_ start: StreamStart) async -> Bool {
        defer { permit.giveBack() }
        do {
            let session = try await StreamSession(
                request, hub: hub, store: starter.store, on: channel.eventLoop, logger: logger
            ) { [channel] box in
                try StreamHandler.install(in: channel, for: box.value)
            }
            let outcome = await session.run(start) { [starter] reason in
                guard case .stream(let start, _) = try await starter.reset(reason, given: nil) else {
                    throw CancellationError()
                }
                return start
            }
            if outcome == .finished {
                await session.settle(within: hub.isDraining ? min(settleTime, .seconds(1)) : settleTime)
            }
            try await StreamHandler.remove(from: channel).get()
            if outcome == .finished, channel.isActive { return true }
        } catch {
            logger.debug("a stream could not be served", metadata: ["error": "\(error)"])
        }
        channel.close(promise: nil)
        return false
    }
}
