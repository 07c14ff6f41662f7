import NIOCore
import ServiceLifecycle
import Synchronization

/// On graceful shutdown the hub ends its streams, spread over the drain time, and takes no new ones.
///
/// In a service group it stands after the HTTP server, so that it is told first: the server waits for open streams.
extension Hub: Service {
    package func run() async throws {
        try? await gracefulShutdown()
        state.withLock { $0.isDraining = true }
        let time = configuration.drainTime
        for (eventLoop, rooms) in zip(eventLoops, loops) {
            eventLoop.execute { rooms.value.drain(over: time) }
        }
        let deadline = ContinuousClock.now + time + .seconds(1)
        while streamCount > 0, ContinuousClock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
        }
        for (eventLoop, rooms) in zip(eventLoops, loops) {
            eventLoop.execute { rooms.value.dropAll() }
        }
    }
}
