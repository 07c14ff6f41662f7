import Client
import Foundation

/// Looks whether the service could listen at its address, or already does.
struct PortCheck {
    let host: String
    let port: Int

    func finding() async -> Finding {
        guard port != 0 else { return Finding("port", .ok, "any free one will be taken") }
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        switch Self.bind(host, port) {
        case 0: return Finding("port", .ok, "\(address) is free")
        case EADDRINUSE:
            return await isOurs(address)
                ? Finding("port", .ok, "a Pressroom service answers at \(address)")
                : Finding("port", .failed, "another program uses \(address); stop it, or choose another: --http-port")
        case EACCES: return Finding("port", .failed, "\(address) needs more rights; choose a port above 1023: --http-port")
        case EADDRNOTAVAIL: return Finding("port", .failed, "\(host) is no address of this machine; choose another: --http-host")
        case let code: return Finding("port", .failed, "\(address) cannot be used: \(String(cString: strerror(code)))")
        }
    }

    private func isOurs(_ address: String) async -> Bool {
        let answer = try? await PressroomClient.withClient(baseURL: "http://\(address)") { client in
            try await client.isPressroom()
        }
        return answer ?? false
    }

    /// Binds for a moment; 0 or the number of the error.
    private static func bind(_ host: String, _ port: Int) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var addresses: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &addresses) == 0, let address = addresses?.pointee else {
            return EADDRNOTAVAIL
        }
        defer { freeaddrinfo(addresses) }
        let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return Foundation.bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno
    }
}
