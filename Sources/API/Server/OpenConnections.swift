import Broadcast
import NIOCore
import NIOExtras
import Synchronization

/// The connections of a server, from their acceptance until they are closed and their tasks have ended.
///
/// The task that serves a connection is no child of the server's task. So it starts on the connection's own event loop,
/// and no connection is lost between the task that accepts and the one that serves.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var tasks = 0
        var isQuiescing = false
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            guard isQuiescing, channels.isEmpty, tasks == 0 else { return nil }
            defer { waiter = nil }
            return waiter
        }
    }

    private let state = Mutex(State())
    private let executors: [ObjectIdentifier: EventLoopExecutor]

    /// - Parameter group: the loops of the connections.
    init(group: any EventLoopGroup) {
        executors = Dictionary(uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), EventLoopExecutor($0)) })
    }

    /// Adds a connection until it closes. Once the server stops, the connection is closed at once.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isLate = state.withLock { state in
            state.channels[id] = channel
            return state.isQuiescing
        }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.channels[id] = nil
                return state.takeWaiter()
            }?.resume()
        }
        if isLate { channel.close(promise: nil) }
    }

    /// Serves a connection, or one stream of it, on its event loop.
    func serve(on eventLoop: any EventLoop, _ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.tasks += 1 }
        Task(executorPreference: executors[ObjectIdentifier(eventLoop)]) { [self] in
            await body()
            state.withLock { state in
                state.tasks -= 1
                return state.takeWaiter()
            }?.resume()
        }
    }

    /// Whether the connections have been asked to close.
    var isQuiescing: Bool { state.withLock { $0.isQuiescing } }

    /// Asks every connection to close after the responses to its requests.
    func quiesce() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// Closes every connection.
    func closeAll() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Waits, after `quiesce`, until there are no connections and tasks.
    func ended() async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                state.waiter = continuation
                return state.takeWaiter()
            }?.resume()
        }
    }
}
