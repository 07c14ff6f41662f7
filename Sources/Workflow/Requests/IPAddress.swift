import Foundation

/// An address of version 4 or 6. One of version 4 that is mapped into version 6 (`::ffff:127.0.0.1`) is read as of
/// version 4, since that is where a connection to it goes.
package struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes, in network order.
    package let bytes: [UInt8]

    package var isVersion4: Bool { bytes.count == 4 }

    /// Reads `192.0.2.1` and `2001:db8::1`; nil for everything else, octal and shortened forms included.
    package init?(_ text: String) {
        var version4 = in_addr()
        var version6 = in6_addr()
        if inet_pton(AF_INET, text, &version4) == 1 {
            self.init(bytes: withUnsafeBytes(of: &version4) { Array($0) })
        } else if inet_pton(AF_INET6, text, &version6) == 1 {
            self.init(bytes: withUnsafeBytes(of: &version6) { Array($0) })
        } else {
            return nil
        }
    }

    /// - Parameter bytes: 4 or 16.
    package init(bytes: [UInt8]) {
        let isMapped = bytes.count == 16 && bytes[0..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }
}
