import CLibPQ
import Glibc

/// Many readers of one stream, on the calling thread: raw sockets, one epoll, one buffer.
///
/// Nothing is allocated for an event; what a reader costs here must not be what is measured.
final class SubscriberFleet {
    struct Reader {
        enum Phase { case connecting, waiting, reading, closed }

        var socket: Int32 = -1
        var phase = Phase.connecting
        var received = 0
        var tailLength = 0
        var openedAt: UInt64 = 0
    }

    private(set) var readers: [Reader] = []
    /// Time marks that were read, when the first and the last of them were, and how old they were then.
    private(set) var delivered = 0
    private(set) var firstReceipt: UInt64 = 0
    private(set) var lastReceipt: UInt64 = 0
    private(set) var latency = LatencyHistogram()
    /// From the events' own times.
    private(set) var commitLatency = LatencyHistogram()
    /// From `connect` to the first bytes.
    private(set) var waits = LatencyHistogram()
    private(set) var bytes = 0
    /// Readers whose connection the server ended.
    private(set) var closedByServer = 0

    private let server: ServerAddress
    private let request: [UInt8]
    private let readsCommitTimes: Bool
    private let epoll: Int32
    private var scanner = MarkScanner()
    private let tails: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private let buffer: UnsafeMutablePointer<UInt8>
    private let events: UnsafeMutablePointer<epoll_event>
    private static let bufferSize = 1 << 18
    private static let eventCount: Int32 = 1024

    /// - Parameter capacity: the most readers there will be.
    init(_ target: BenchTarget, capacity: Int, readsCommitTimes: Bool = false) throws(CommandFailure) {
        try OpenFiles.allow(capacity)
        server = target.server
        request = target.subscription()
        self.readsCommitTimes = readsCommitTimes
        self.capacity = capacity
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        readers.reserveCapacity(capacity)
        tails = .allocate(capacity: capacity * MarkScanner.kept)
        buffer = .allocate(capacity: MarkScanner.kept + Self.bufferSize)
        events = .allocate(capacity: Int(Self.eventCount))
    }

    deinit {
        close()
        Glibc.close(epoll)
        tails.deallocate()
        buffer.deallocate()
        events.deallocate()
    }

    /// Opens more readers and waits until each of them has received its first bytes.
    ///
    /// - Parameter atOnce: how many may be on their way at a time.
    func open(_ count: Int, atOnce: Int = 100, timeout: Double) throws(CommandFailure) {
        precondition(readers.count + count <= capacity)
        let start = MonotonicClock.now(), wanted = waits.count + count
        var unopened = count
        while waits.count < wanted {
            while unopened > 0, wanted - waits.count - unopened < atOnce {
                try openOne()
                unopened -= 1
            }
            try pump(milliseconds: 20)
            guard closedByServer == 0 else { throw CommandFailure("the server closed a connection at once: has it room for so many?") }
            guard MonotonicClock.seconds(since: start) < timeout else {
                throw CommandFailure("after \(Int(timeout)) s, \(wanted - waits.count) of \(count) connections had no first bytes")
            }
        }
    }

    /// Reads what there is, and waits for it at most so long.
    func pump(milliseconds: Int32) throws(CommandFailure) {
        let count = epoll_wait(epoll, events, Self.eventCount, milliseconds)
        guard count > 0 else { return }
        for number in 0..<Int(count) {
            let index = Int(events[number].data.u32)
            switch readers[index].phase {
            case .connecting: try finishConnecting(index)
            case .waiting, .reading: try read(index)
            case .closed: break
            }
        }
    }

    /// Leaves, all at once.
    func close() {
        for index in readers.indices where readers[index].phase != .closed {
            Glibc.close(readers[index].socket)
            readers[index].phase = .closed
        }
    }

    private func openOne() throws(CommandFailure) {
        var reader = Reader()
        reader.openedAt = MonotonicClock.now()
        reader.socket = try server.connect(isBlocking: false)
        readers.append(reader)
        try control(EPOLL_CTL_ADD, readers.count - 1, EPOLLOUT)
    }

    private func finishConnecting(_ index: Int) throws(CommandFailure) {
        let socket = readers[index].socket
        var code: Int32 = 0, length = socklen_t(4)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw .system("cannot connect to \(server.authority)", code: code, status: .unreachable) }
        let sent = send(socket, request, request.count, Int32(MSG_NOSIGNAL))
        guard sent == request.count else { throw .system("cannot send a request to \(server.authority)") }
        readers[index].phase = .waiting
        try control(EPOLL_CTL_MOD, index, EPOLLIN)
    }

    private func control(_ operation: Int32, _ index: Int, _ interest: EPOLL_EVENTS) throws(CommandFailure) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u32 = UInt32(index)
        guard epoll_ctl(epoll, operation, readers[index].socket, &event) == 0 else { throw .system("cannot watch a socket") }
    }

    private func read(_ index: Int) throws(CommandFailure) {
        let tailLength = readers[index].tailLength
        let fresh = buffer + MarkScanner.kept
        let count = recv(readers[index].socket, fresh, Self.bufferSize, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            Glibc.close(readers[index].socket)
            readers[index].phase = .closed
            closedByServer += 1
            return
        }
        let now = MonotonicClock.now()
        if readers[index].phase == .waiting { try begin(index, UnsafeBufferPointer(start: fresh, count: count), now) }
        bytes += count
        let tail = tails + index * MarkScanner.kept
        let start = fresh - tailLength
        memcpy(start, tail, tailLength)
        let all = UnsafeBufferPointer(start: UnsafePointer(start), count: tailLength + count)
        var found = 0
        scanner.forEachMark(all, fresh: tailLength) { sent in
            found += 1
            latency.record(now > sent ? now - sent : 0)
        }
        if found > 0 {
            if delivered == 0 { firstReceipt = now }
            lastReceipt = now
            delivered += found
            readers[index].received += found
        }
        if readsCommitTimes { recordCommits(all, fresh: tailLength) }
        let kept = min(MarkScanner.kept, all.count)
        memcpy(tail, start + all.count - kept, kept)
        readers[index].tailLength = kept
    }

    private func begin(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ now: UInt64) throws(CommandFailure) {
        let head = String(decoding: bytes.prefix(400), as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 200") else {
            throw CommandFailure(SafeText.lines("\(server.authority) answered \(head)"))
        }
        readers[index].phase = .reading
        waits.record(now - readers[index].openedAt)
    }

    private func recordCommits(_ bytes: UnsafeBufferPointer<UInt8>, fresh: Int) {
        let now = MonotonicClock.timeOfDay(), day = MonotonicClock.nanosecondsPerDay
        MarkScanner.forEachCommit(bytes, fresh: fresh) { at in
            let age = (now + day - at) % day
            // The database's time has whole microseconds, and may be rounded up.
            commitLatency.record(age > day / 2 ? 0 : age)
        }
    }
}
