import Broadcast
import Logging
import NIOCore
import Store
import Synchronization

/// One stream, as the response to a request: runs its session on the request's connection, or on the socket that it takes
/// from that.
struct StreamResponse: Sendable {
    let request: StreamRequest
    let transport: StreamTransport
    let starter: StreamStarter
    let hub: Hub
    let permit: StreamPermit
    /// Nil where streams need no credential.
    let credential: StreamCredential?
    let logger: Logger
    let settleTime: Duration

    /// Serves the stream on a connection, after the response's head is sent.
    /// - Returns: whether the response must be ended; if not, the connection is closed or no longer the HTTP server's.
    func serve(_ start: StreamStart, on channel: any Channel) async -> Bool {
        if transport == .http1, let loop = hub.nextFanOutLoop(),
            let socket = try? await SocketHandover.takeSocket(of: channel)
        {
            // Set up on the loop's own thread and with copies: memory that lives as long as the stream must not lie among
            // what the request needed for a moment, or that could not be given back to the system.
            Task(executorPreference: loop) {
                let stream = copied()
                guard let (channel, session) = await stream.setUp(socket, on: loop.eventLoop) else { return }
                // The replay is not the loop's work.
                Task { await stream.serve(start, session, on: channel) }
            }
            return false
        }
        defer {
            credential?.forget()
            permit.giveBack()
        }
        do {
            let session = try await session(on: channel.eventLoop) { [transport] subscribe in
                try StreamHandler.install(in: channel, transport, subscribe)
            }
            credential?.watch { session.expire($0) }
            let outcome = await session.run(start, restart: restart)
            if outcome == .finished { await session.settle(within: currentSettleTime) }
            try await StreamHandler.remove(from: channel).get()
            if outcome == .finished, channel.isActive { return true }
        } catch {
            logger.debug("a stream could not be served", metadata: ["error": "\(error)"])
        }
        channel.close(promise: nil)
        return false
    }

    /// Makes a stream of a socket that was taken from the HTTP server; nil when its reader has left.
    private func setUp(
        _ socket: NIOBSDSocket.Handle, on eventLoop: any EventLoop
    ) async -> (channel: any Channel, session: StreamSession)? {
        do {
            let channel = try await SocketStream.open(socket, on: eventLoop)
            do {
                return (channel, try await session(on: eventLoop) { try SocketStream.connect(channel, $0) })
            } catch {
                channel.close(promise: nil)
                throw error
            }
        } catch {
            permit.giveBack()
            logger.debug("a stream could not be served", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func serve(_ start: StreamStart, _ session: StreamSession, on channel: any Channel) async {
        credential?.watch { session.expire($0) }
        await session.runDetached(start, restart: restart) { [self] outcome in
            credential?.forget()
            if outcome == .finished {
                await SocketStream.end(
                    channel, request.framing, within: currentSettleTime, isPatient: !hub.isDraining)
            }
            channel.close(promise: nil)
            permit.giveBack()
        }
    }

    private func copied() -> StreamResponse {
        StreamResponse(
            request: StreamRequest(
                tenantID: request.tenantID, filter: request.filter.copied(), framing: request.framing, view: request.view,
                isRestricted: request.isRestricted),
            transport: transport, starter: starter, hub: hub, permit: permit.moved(), credential: credential,
            logger: logger, settleTime: settleTime)
    }

    private var currentSettleTime: Duration { hub.isDraining ? min(settleTime, .seconds(1)) : settleTime }

    private func session(
        on eventLoop: any EventLoop,
        connect: @escaping @Sendable (_ subscribe: (any SubscriberOutput) -> Subscriber) throws -> Subscriber
    ) async throws -> StreamSession {
        try await StreamSession(
            request, hub: hub, store: starter.store, access: credential, on: eventLoop, logger: logger, connect: connect)
    }

    @Sendable private func restart(_ reason: ResetReason) async throws -> StreamStart {
        guard let (start, _) = try await starter.reset(reason, given: nil) else { throw CancellationError() }
        return start
    }
}

/// A stream's slot on the node, and its hold on the tenant's log. Given back once, at the latest when it is dropped: a
/// response whose reader has left is never asked for its body.
final class StreamPermit: Sendable {
    private let hub: Hub
    private let reader: StreamReader
    private let tenantID = Mutex<String?>(nil)
    private let isHeld = Atomic(true)

    /// - Throws: the limit that is reached.
    init(_ hub: Hub, for reader: StreamReader, tenantLimit: Int?) throws(StreamLimit) {
        if let limit = hub.admit(reader, tenantLimit: tenantLimit) { throw limit }
        self.hub = hub
        self.reader = reader
    }

    private init(_ hub: Hub, _ reader: StreamReader, tenantID: String?) {
        self.hub = hub
        self.reader = reader
        self.tenantID.withLock { $0 = tenantID }
    }

    deinit { giveBack() }

    /// Another permit in place of this one, which is over.
    func moved() -> StreamPermit {
        let isHeld = isHeld.exchange(false, ordering: .acquiringAndReleasing)
        let permit = StreamPermit(hub, reader, tenantID: tenantID.withLock { $0 })
        if !isHeld { permit.isHeld.store(false, ordering: .releasing) }
        return permit
    }

    func follow(_ head: LogHead) {
        hub.follow(head)
        tenantID.withLock { $0 = head.tenantID }
    }

    func giveBack() {
        guard isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
        if let tenantID = tenantID.withLock({ $0 }) { hub.unfollow(tenantID: tenantID) }
        hub.release(reader)
    }
}
