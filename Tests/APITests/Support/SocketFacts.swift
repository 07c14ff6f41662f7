import Glibc

/// What the kernel knows of this process's sockets.
enum SocketFacts {
    /// The connections that a listening socket has dropped for want of room; nil when there is no such socket.
    static func drops(ofListenerOn port: Int) -> UInt32? {
        for socket in sockets() where option(socket, SOL_SOCKET, SO_ACCEPTCONN, as: CInt.self) == 1 {
            guard address(of: socket, getsockname) == port else { continue }
            return option(socket, SOL_SOCKET, Self.memoryInformation, as: MemoryInformation.self)?.8
        }
        return nil
    }

    /// An option of the server's end of a connection.
    static func tcpOption(_ name: CInt, ofConnectionFrom port: Int, to serverPort: Int) -> CInt? {
        for socket in sockets() where address(of: socket, getpeername) == port {
            if address(of: socket, getsockname) == serverPort { return option(socket, CInt(IPPROTO_TCP), name, as: CInt.self) }
        }
        return nil
    }

    /// The connections that this process, as a server, has on a port.
    static func connections(to serverPort: Int) -> Int {
        sockets().count { address(of: $0, getsockname) == serverPort && address(of: $0, getpeername) != nil }
    }

    private static let memoryInformation: CInt = 55  // SO_MEMINFO
    /// `SK_MEMINFO_VARS` numbers, the last of which is that of the drops.
    private typealias MemoryInformation = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

    private static func sockets() -> Range<CInt> { 3..<CInt(sysconf(CInt(_SC_OPEN_MAX))) }

    private static func address(
        of socket: CInt, _ get: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) -> Int? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { get(socket, $0, &length) }
        }
        return result == 0 && address.sin_family == sa_family_t(AF_INET) ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    private static func option<Value: BitwiseCopyable>(
        _ socket: CInt, _ level: CInt, _ name: CInt, as type: Value.Type
    ) -> Value? {
        withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { value in
            var length = socklen_t(MemoryLayout<Value>.size)
            guard getsockopt(socket, level, name, value.baseAddress, &length) == 0 else { return nil }
            return value[0]
        }
    }
}
