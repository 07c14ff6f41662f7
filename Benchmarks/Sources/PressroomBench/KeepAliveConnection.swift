import Glibc

/// One HTTP/1.1 connection with blocking requests, one after the other.
final class KeepAliveConnection {
    private let socket: Int32
    private let authority: String
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var filled = 0
    private var bodyStart = 0

    init(_ server: ServerAddress) throws(BenchFailure) {
        socket = try server.connect(isBlocking: true)
        authority = server.authority
        // A server that never responds must not block the program.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// The body of the last answer.
    var body: ArraySlice<UInt8> { buffer[bodyStart..<filled] }

    /// Sends a request and reads the whole answer, whose status must be 2xx.
    func exchange(_ request: [UInt8]) throws(BenchFailure) {
        let head = try answer(to: request)
        guard head.hasPrefix("http/1.1 2") else {
            let line = head.prefix { $0 != "\r\n" }
            throw BenchFailure("\(authority) answered \(line): \(String(decoding: body, as: UTF8.self).debugDescription)")
        }
    }

    /// Sends a request and reads the whole answer. Returns its status.
    func status(of request: [UInt8]) throws(BenchFailure) -> Int {
        let head = try answer(to: request)
        guard let status = Int(head.dropFirst(9).prefix(3)) else { throw BenchFailure("\(authority) sent no status") }
        return status
    }

    /// The head of the answer, in lower case.
    private func answer(to request: [UInt8]) throws(BenchFailure) -> String {
        try send(request)
        filled = 0
        bodyStart = 0
        while bodyStart == 0 {
            try receive()
            if let end = endOfHead() { bodyStart = end }
        }
        let head = String(decoding: buffer[..<bodyStart], as: UTF8.self).lowercased()
        let length = try bodyLength(head)
        while filled < bodyStart + length { try receive() }
        return head
    }

    private func bodyLength(_ head: String) throws(BenchFailure) -> Int {
        if head.hasPrefix("http/1.1 204") { return 0 }
        for line in head.split(separator: "\r\n") where line.hasPrefix("content-length:") {
            if let length = Int(line.dropFirst(15).drop { $0 == " " }), length >= 0 { return length }
        }
        throw BenchFailure("\(authority) sent an answer without content-length")
    }

    private func endOfHead() -> Int? {
        guard filled >= 4 else { return nil }
        for index in 3..<filled where buffer[index] == 10 && buffer[index - 2] == 10 {
            if buffer[index - 1] == 13, buffer[index - 3] == 13 { return index + 1 }
        }
        return nil
    }

    private func send(_ request: [UInt8]) throws(BenchFailure) {
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EINTR else { throw .system("cannot write to \(authority)") }
            sent += max(count, 0)
        }
    }

    private func receive() throws(BenchFailure) {
        if filled == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
        let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress.map { $0 + filled }, $0.count - filled, 0) }
        if count < 0, errno == EINTR { return }
        guard count >= 0 else { throw .system("no answer from \(authority)") }
        guard count > 0 else { throw BenchFailure("\(authority) closed a connection before its answer") }
        filled += count
    }
}
