import Glibc

/// A reader that takes a few bytes a second, and comes back with its cursor when it is cut off.
final class SlowReader {
    struct Outcome: Sendable {
        var cutOff = 0
        var bytes = 0
    }

    private let ending = Publishing.Stop()
    private let thread: WorkerThreads<Outcome>

    init(target: BenchTarget, bytesPerSecond: Int) {
        let ending = ending
        thread = WorkerThreads(1) { _ in try Self.read(target, bytesPerSecond, until: ending) }
    }

    /// Leaves; what it went through until then.
    func stop() throws -> Outcome {
        ending.set()
        while !thread.isOver { MonotonicClock.sleep(seconds: 0.01) }
        return try thread.finishedOutputs().first ?? Outcome()
    }

    private static func read(_ target: BenchTarget, _ bytesPerSecond: Int, until ending: Publishing.Stop) throws -> Outcome {
        var outcome = Outcome()
        var cursor: String?
        while !ending.isSet {
            // A small buffer, or the kernel reads for it.
            let socket = try target.server.connect(isBlocking: true, receiveBuffer: 4096)
            defer { close(socket) }
            var limit = timeval(tv_sec: 0, tv_usec: 200_000)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            let request = target.subscription(lastEventID: cursor)
            guard send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { continue }
            var piece = [UInt8](repeating: 0, count: max(1, bytesPerSecond / 10)), line: [UInt8] = []
            while !ending.isSet {
                let count = recv(socket, &piece, piece.count, 0)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else {
                    outcome.cutOff += 1
                    break
                }
                outcome.bytes += count
                for byte in piece.prefix(count) { Self.follow(byte, &line, &cursor) }
                MonotonicClock.sleep(seconds: Double(count) / Double(bytesPerSecond))
            }
        }
        return outcome
    }

    /// Keeps the last `id:` that came whole.
    private static func follow(_ byte: UInt8, _ line: inout [UInt8], _ cursor: inout String?) {
        guard byte == 10 else {
            if line.count < 200 { line.append(byte) }
            return
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("id: "), !text.hasSuffix("\r") { cursor = String(text.dropFirst(4)) }
        line.removeAll(keepingCapacity: true)
    }
}
