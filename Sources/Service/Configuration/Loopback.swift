import Foundation

/// Addresses that only this machine can reach.
enum Loopback {
    /// `localhost`, 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104; any other name or address is not.
    static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            return withUnsafeBytes(of: v4) { $0.first == 127 }
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, bare, &v6) == 1 else { return false }
        return withUnsafeBytes(of: v6) { bytes in
            let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
            let one = bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1
            return one || (zeros && bytes[10] == 0xFF && bytes[11] == 0xFF && bytes[12] == 127)
        }
    }
}
