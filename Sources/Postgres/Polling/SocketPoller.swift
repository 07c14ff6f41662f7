import CLibPQ
import Foundation
import Glibc
import Synchronization
import Telemetry

/// The one thread of the process that waits for all database sockets and for deadlines.
///
/// Sockets stay registered for reading and level-triggered, so that a query costs no `epoll_ctl`; a connection asks
/// for writability only while output is stuck. A socket that breaks while idle is noticed at once.
final class SocketPoller: Sendable {
    /// Identifies a handler; never reused, so that an event for a closed socket finds no handler.
    typealias Token = UInt64

    static let shared = Result<SocketPoller, PostgresError> { () throws(PostgresError) in try SocketPoller() }

    private struct State {
        var nextToken: Token = 1
        var handlers: [Token: any SocketHandler] = [:]
        var deadlines: [Token: ContinuousClock.Instant] = [:]
        /// When the thread next wakes without an event.
        var wakesAt: ContinuousClock.Instant?
    }

    private static let wakeToken: Token = 0
    private let epoll: Int32
    private let wakeEvent: Int32
    private let state = Mutex(State())
    private let thread = Atomic<pthread_t>(0)

    private init() throws(PostgresError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeEvent = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard epoll >= 0, wakeEvent >= 0 else {
            let reason = String(cString: strerror(errno))
            throw PostgresError(code: .connectionFailed, message: "cannot poll sockets: \(reason)")
        }
        control(EPOLL_CTL_ADD, socket: wakeEvent, token: Self.wakeToken, interest: .read)
        let thread = Thread { [self] in run() }
        thread.name = "postgres-poller"
        thread.start()
    }

    func register(_ handler: any SocketHandler) -> Token {
        state.withLock { state in
            defer { state.nextToken += 1 }
            state.handlers[state.nextToken] = handler
            return state.nextToken
        }
    }

    /// Forgets a handler and its deadline. Its socket must have been removed with `unwatch`.
    func unregister(_ token: Token) {
        state.withLock { state in
            state.handlers[token] = nil
            state.deadlines[token] = nil
        }
    }

    func watch(_ socket: Int32, token: Token, interest: SocketInterest) {
        control(EPOLL_CTL_ADD, socket: socket, token: token, interest: interest)
    }

    func change(_ socket: Int32, token: Token, interest: SocketInterest) {
        control(EPOLL_CTL_MOD, socket: socket, token: token, interest: interest)
    }

    /// Must come before the socket is closed: its number may be in use again right after.
    func unwatch(_ socket: Int32) {
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event)
    }

    /// Sets or clears the one deadline of a handler.
    func setDeadline(_ deadline: ContinuousClock.Instant?, for token: Token) {
        let mustWake = state.withLock { state in
            guard state.handlers[token] != nil else { return false }
            state.deadlines[token] = deadline
            guard let deadline, state.wakesAt.map({ deadline < $0 }) ?? true else { return false }
            state.wakesAt = deadline
            return true
        }
        if mustWake { wake() }
    }

    /// Ends the thread's wait.
    func wake() {
        var one: UInt64 = 1
        _ = Glibc.write(wakeEvent, &one, MemoryLayout<UInt64>.size)
    }

    var isCurrentThread: Bool { pthread_self() == thread.load(ordering: .acquiring) }

    private func control(_ operation: Int32, socket: Int32, token: Token, interest: SocketInterest) {
        var event = epoll_event()
        event.events =
            switch interest {
            case .read: EPOLLIN.rawValue | EPOLLRDHUP.rawValue
            case .write: EPOLLOUT.rawValue
            case .readAndWrite: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue
            }
        event.data.u64 = token
        epoll_ctl(epoll, operation, socket, &event)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        var ready: [any SocketHandler] = []
        var hasJobs = false
        thread.store(pthread_self(), ordering: .releasing)
        while true {
            let wait = hasJobs ? 0 : millisecondsToNextDeadline()
            let count = epoll_wait(epoll, &events, Int32(events.count), wait)
            let start = ContinuousClock.now
            if count > 0 {
                state.withLock { state in
                    for event in events[..<Int(count)] {
                        if let handler = state.handlers[event.data.u64] { ready.append(handler) }
                    }
                }
                if events[..<Int(count)].contains(where: { $0.data.u64 == Self.wakeToken }) {
                    var counter: UInt64 = 0
                    _ = Glibc.read(wakeEvent, &counter, MemoryLayout<UInt64>.size)
                }
                for handler in ready { handler.socketIsReady() }
                ready.removeAll(keepingCapacity: true)
            }
            for handler in takePassedDeadlines() { handler.deadlineHasPassed() }
            hasJobs = PollerExecutor.shared.runJobs()
            Instruments.pollerTurnTime.record(since: start)
        }
    }

    private func millisecondsToNextDeadline() -> Int32 {
        state.withLock { state in
            guard let deadline = state.wakesAt else { return -1 }
            let wait = ContinuousClock.now.duration(to: deadline)
            guard wait > .zero else { return 0 }
            // Rounded up: waking early would only spin.
            return Int32(clamping: wait.components.seconds * 1000 + wait.components.attoseconds / 1_000_000_000_000_000 + 1)
        }
    }

    private func takePassedDeadlines() -> [any SocketHandler] {
        state.withLock { state in
            guard let wakesAt = state.wakesAt, wakesAt <= .now else { return [] }
            let now = ContinuousClock.now
            let passed = state.deadlines.filter { $0.value <= now }.map(\.key)
            for token in passed { state.deadlines[token] = nil }
            state.wakesAt = state.deadlines.values.min()
            return passed.compactMap { state.handlers[$0] }
        }
    }
}

/// The owner of a socket or of a deadline. The poller calls it on its own thread: a handler must not block.
protocol SocketHandler: AnyObject, Sendable {
    func socketIsReady()
    func deadlineHasPassed()
}

/// Passes the poller's events on to an owner, which it does not keep alive.
final class WeakSocketHandler: SocketHandler {
    private struct Target {
        weak var owner: (any SocketHandler)?
    }

    private let target = Mutex(Target())

    func attach(_ owner: any SocketHandler) {
        target.withLock { $0.owner = owner }
    }

    func socketIsReady() {
        target.withLock { $0.owner }?.socketIsReady()
    }

    func deadlineHasPassed() {
        target.withLock { $0.owner }?.deadlineHasPassed()
    }
}

/// What to wait for on a socket.
enum SocketInterest: Sendable, Hashable {
    case read, write, readAndWrite
}
