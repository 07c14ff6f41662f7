import Foundation

/// The addresses that `http` phases may connect to: every public one, and the configured exceptions.
package struct AddressRules: Sendable, Hashable {
    /// One exception: `10.1.0.0/16`, `127.0.0.1:9000`, `[::1]:9000`, `[fd00::/8]:80`, `intranet`, `intranet:8080`.
    package struct Exception: Sendable, Hashable {
        private enum Place: Sendable, Hashable {
            case block(AddressBlock)
            /// In lower case; any address of the host is allowed.
            case host(String)
        }

        private let place: Place
        /// Nil for every port.
        private let port: Int?
        /// Whose phases may connect there.
        package var grant = Grant.everyone

        /// Nil when the text has none of these forms.
        package init?(_ text: String) {
            guard let (place, port) = Self.split(text) else { return nil }
            if let port {
                guard let number = Int(port), (1...65_535).contains(number), port.allSatisfy(\.isNumber) else { return nil }
                self.port = number
            } else {
                self.port = nil
            }
            if let block = AddressBlock(place) {
                self.place = .block(block)
            } else if Self.isHostName(place) {
                self.place = .host(place.lowercased())
            } else {
                return nil
            }
        }

        package func covers(_ address: IPAddress, host: String, port: Int) -> Bool {
            guard self.port == nil || self.port == port else { return false }
            return switch place {
            case .block(let block): block.contains(address)
            case .host(let name): name == host.lowercased()
            }
        }

        private static func split(_ text: String) -> (place: String, port: String?)? {
            if text.hasPrefix("[") {
                guard let end = text.firstIndex(of: "]") else { return nil }
                let place = String(text[text.index(after: text.startIndex)..<end])
                let rest = text[text.index(after: end)...]
                guard place.contains(":"), rest.isEmpty || rest.hasPrefix(":") else { return nil }
                return (place, rest.isEmpty ? nil : String(rest.dropFirst()))
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            return parts.count == 2 ? (parts[0], parts[1]) : (text, nil)  // more colons: an address of version 6
        }

        /// Letters, digits, dots and dashes, not all digits and dots (which would be a mistyped address).
        private static func isHostName(_ text: String) -> Bool {
            text.utf8.count <= 253 && text.contains(where: \.isLetter) && !text.hasPrefix("-") && !text.hasPrefix(".")
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
        }
    }

    package var exceptions: [Exception]

    package init(exceptions: [Exception] = []) {
        self.exceptions = exceptions
    }

    /// - Parameters:
    ///   - host: as the URL names it.
    ///   - tenantID: whose request it is; without one only what is granted to every tenant counts.
    package func permit(_ address: IPAddress, host: String, port: Int, for tenantID: String? = nil) -> Bool {
        PublicAddresses.contains(address)
            || exceptions.contains { exception in
                (tenantID.map(exception.grant.includes) ?? (exception.grant == .everyone))
                    && exception.covers(address, host: host, port: port)
            }
    }
}

/// Which addresses are public: not of this machine, not of a private network, not of a special purpose.
///
/// By IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and what came after it).
package enum PublicAddresses {
    private static func blocks(_ texts: String...) -> [AddressBlock] { texts.compactMap { AddressBlock($0) } }

    private static let special4 = blocks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4")

    /// The global unicast addresses of IPv6; the rest is loopback, link-local, private, multicast or unassigned.
    private static let global6 = blocks("2000::/3")
    private static let special6 = blocks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
    /// Translates to the IPv4 address in its last four bytes (RFC 6052).
    private static let translated6 = blocks("64:ff9b::/96")

    package static func contains(_ address: IPAddress) -> Bool {
        func isIn(_ blocks: [AddressBlock]) -> Bool { blocks.contains { $0.contains(address) } }
        if address.isVersion4 { return !isIn(special4) }
        if isIn(translated6) { return contains(IPAddress(bytes: Array(address.bytes.suffix(4)))) }
        return isIn(global6) && !isIn(special6)
    }
}

/// A block of addresses: `10.0.0.0/8`, `fd00::/8`, or a single address.
package struct AddressBlock: Sendable, Hashable {
    package let address: IPAddress
    /// How many leading bits count.
    package let prefix: Int

    /// Nil when the text is neither an address nor an address, a slash, and a number of bits that it has.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let bits = address.bytes.count * 8
        self.address = address
        guard parts.count == 2 else {
            prefix = bits
            return
        }
        guard let prefix = Int(parts[1]), (0...bits).contains(prefix), parts[1].allSatisfy(\.isNumber) else { return nil }
        self.prefix = prefix
    }

    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        for (index, (own, given)) in zip(address.bytes, other.bytes).enumerated() {
            let bits = min(8, max(0, prefix - index * 8))
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            if own & mask != given & mask { return false }
        }
        return true
    }
}

/// An address of IPv4 or IPv6. An IPv4 address that is mapped into IPv6 (`::ffff:127.0.0.1`) becomes one of IPv4, where
/// connections to it go.
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
