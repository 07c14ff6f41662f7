import Foundation
import Glibc

/// Where a server listens, resolved once; plain HTTP only.
struct ServerAddress: Sendable {
    /// What stands before the API's paths, without a slash at its end.
    let basePath: String
    /// For the `Host` header.
    let authority: String
    private let family: Int32
    private let bytes: [UInt8]

    init(_ url: String) throws(CommandFailure) {
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty else {
            throw CommandFailure("bench speaks plain HTTP: \(url) must be http://host:port", status: .usage)
        }
        let port = parts.port ?? 80
        basePath = String(parts.path.reversed().drop { $0 == "/" }.reversed())
        authority = "\(host):\(port)"
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let name = host.trimmingCharacters(in: ["[", "]"])
        let status = getaddrinfo(name, String(port), &hints, &found)
        guard status == 0, let first = found?.pointee, let address = first.ai_addr else {
            throw CommandFailure("\(name) cannot be found: \(String(cString: gai_strerror(status)))", status: .unreachable)
        }
        defer { freeaddrinfo(found) }
        family = first.ai_family
        bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(first.ai_addrlen)))
    }

    /// A socket on its way to the server; non-blocking ones are not connected yet. The caller closes it.
    func connect(isBlocking: Bool, receiveBuffer: Int32? = nil) throws(CommandFailure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(family, isBlocking ? kind : kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { throw .system("cannot open a socket") }
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        // Before connecting, because it decides the window that is announced.
        if var receiveBuffer { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        let status = bytes.withUnsafeBytes { raw in
            Glibc.connect(socket, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        guard status == 0 || (!isBlocking && errno == EINPROGRESS) else {
            let failure = CommandFailure.system("cannot connect to \(authority)", status: .unreachable)
            close(socket)
            throw failure
        }
        return socket
    }
}

extension CommandFailure {
    /// With what the last system call said.
    static func system(_ what: String, code: Int32 = errno, status: ExitStatus = .failed) -> CommandFailure {
        CommandFailure("\(what): \(String(cString: strerror(code)))", status: status)
    }
}
