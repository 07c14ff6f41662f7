import CLibPQ
import Glibc

/// Many readers of one stream, on the calling thread: raw sockets, one epoll, one buffer.
///
/// Nothing is allocated for an event, so that the cost of reading is not what is measured.
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

    /// - Parameter capacity: the largest number of readers.
    init(_ target: BenchTarget, capacity: Int, readsCommitTimes: Bool = false) throws(BenchFailure) {
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
    func open(_ count: Int, atOnce: Int = 100, timeout: Double) throws(BenchFailure) {
        precondition(readers.count + count <= capacity)
        let start = MonotonicClock.now(), wanted = waits.count + count
        var unopened = count
        while waits.count < wanted {
            while unopened > 0, wanted - waits.count - unopened < atOnce {
                try openOne()
                unopened -= 1
            }
            try pump(milliseconds: 20)
            guard closedByServer == 0 else { throw BenchFailure("the server closed a connection at once: does it allow so many?") }
            guard MonotonicClock.seconds(since: start) < timeout else {
                throw BenchFailure("after \(Int(timeout)) s, \(wanted - waits.count) of \(count) connections had no first bytes")
            }
        }
    }

    /// Reads what has arrived, and waits for more at most this long.
    func pump(milliseconds: Int32) throws(BenchFailure) {
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

    /// Disconnects all readers.
    func close() {
        for index in readers.indices where readers[index].phase != .closed {
            Glibc.close(readers[index].socket)
            readers[index].phase = .closed
        }
    }

    private func openOne() throws(BenchFailure) {
        var reader = Reader()
        reader.openedAt = MonotonicClock.now()
        reader.socket = try server.connect(isBlocking: false)
        readers.append(reader)
        try control(EPOLL_CTL_ADD, readers.count - 1, EPOLLOUT)
    }

    private func finishConnecting(_ index: Int) throws(BenchFailure) {
        let socket = readers[index].socket
        var code: Int32 = 0, length = socklen_t(4)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw .system("cannot connect to \(server.authority)", code: code, status: .unreachable) }
        let sent = send(socket, request, request.count, Int32(MSG_NOSIGNAL))
        guard sent == request.count else { throw .system("cannot send a request to \(server.authority)") }
        readers[index].phase = .waiting
        try control(EPOLL_CTL_MOD, index, EPOLLIN)
    }

    private func control(_ operation: Int32, _ index: Int, _ interest: EPOLL_EVENTS) throws(BenchFailure) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u32 = UInt32(index)
        guard epoll_ctl(epoll, operation, readers[index].socket, &event) == 0 else { throw .system("cannot watch a socket") }
    }

    private func read(_ index: Int) throws(BenchFailure) {
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

    private func begin(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>, _ now: UInt64) throws(BenchFailure) {
        let head = String(decoding: bytes.prefix(400), as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 200") else {
            throw BenchFailure("\(server.authority) answered \(head.debugDescription)")
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

/// The number of files and sockets that this process may open.
enum OpenFiles {
    /// Raises the limit as far as it goes, and throws when that is not enough for so many sockets.
    static func allow(_ sockets: Int) throws(BenchFailure) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // Other files that the program has open.
        let needed = sockets + 64
        guard limit.rlim_cur >= rlim_t(needed) else {
            throw BenchFailure(
                "\(sockets) connections need \(needed) open files, and the hard limit is \(limit.rlim_max): raise it with ulimit -Hn")
        }
    }
}

/// Finds time marks in the bytes of a reader, without a second look at any byte and without decoding.
///
/// Events of one load are equally long, so the next mark is expected as far after the last one as that was after the one
/// before it; only where it is not, the bytes are searched.
struct MarkScanner {
    /// How many bytes of a read's end the caller keeps, so that a mark across two reads is found.
    static let kept = 48

    /// From one mark to the next; 0 while not known.
    private var stride = 0

    /// Calls `body` with each mark of `bytes` that ends after `fresh` of them.
    @inline(__always)
    mutating func forEachMark(_ bytes: UnsafeBufferPointer<UInt8>, fresh: Int, _ body: (UInt64) -> Void) {
        guard let base = bytes.baseAddress else { return }
        var position = 2
        var last = -1
        while position < bytes.count {
            guard let hit = memchr(base + position, 0x3D, bytes.count - position) else { return }  // =
            var at = UnsafeRawPointer(base).distance(to: hit)
            position = at + 1
            guard Self.isMark(base, at) else { continue }
            if last >= 0 { stride = at - last }
            while true {
                guard at + TimeMark.digitCount < bytes.count else { return }
                last = at
                position = at + TimeMark.digitCount + 1
                if position > fresh, let time = Self.number(base + at + 1, TimeMark.digitCount), time > 0 { body(time) }
                at += stride
                guard stride > TimeMark.digitCount + 3, at < bytes.count, base[at] == 0x3D, Self.isMark(base, at) else { break }
            }
        }
    }

    /// Calls `body` with the time of day, in nanoseconds, of each event's own `"at":"2026-01-31T12:00:00.123456Z"` that
    /// ends after `fresh` of the bytes. For loads that are light.
    static func forEachCommit(_ bytes: UnsafeBufferPointer<UInt8>, fresh: Int, _ body: (UInt64) -> Void) {
        let key: StaticString = "\"at\":\"2", length = 33
        guard let base = bytes.baseAddress else { return }
        var position = 0
        while position + length <= bytes.count,
            let hit = memchr(base + position, 0x22, bytes.count - position - length + 1)
        {
            let at = UnsafeRawPointer(base).distance(to: hit)
            position = at + 1
            guard at + length > fresh, memcmp(base + at, key.utf8Start, key.utf8CodeUnitCount) == 0 else { continue }
            guard let hours = number(base + at + 17, 2), let minutes = number(base + at + 20, 2),
                let seconds = number(base + at + 23, 2), let micros = number(base + at + 26, 6)
            else { continue }
            body(((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + micros * 1000)
        }
    }

    @inline(__always)
    private static func isMark(_ base: UnsafePointer<UInt8>, _ at: Int) -> Bool {
        base[at - 1] == 0x73 && base[at - 2] == 0x74  // ts
    }

    @inline(__always)
    private static func number(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<count {
            let digit = start[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return value
    }
}
