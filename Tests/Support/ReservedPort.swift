import Foundation
import Glibc

/// Ports of the loopback address that belong to one server each for as long as the tests run.
///
/// A client that still tries to reach a server of a test that has ended is refused. Where the kernel hands the port out again,
/// it would reach the server of another test instead, and take that server's script.
enum ReservedPort {
    /// - Returns: a port that a listener with `SO_REUSEADDR` can bind, and that `bind` with port 0 returns to nothing else.
    /// - Throws: `POSIXError`, where the system has no socket or port left.
    static func next() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw lastError() }
        var isOn: Int32 = 1
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // The socket stays open and never listens: its only use is that it is bound.
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size)) == 0
                    && bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0
            }
        }
        guard result else {
            let error = lastError()
            close(descriptor)
            throw error
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func lastError() -> POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
