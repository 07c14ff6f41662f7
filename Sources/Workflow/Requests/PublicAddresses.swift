/// Which addresses are everybody's, and not of this machine, this network, or a special purpose.
///
/// By IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and what came after it).
package enum PublicAddresses {
    private static func blocks(_ texts: String...) -> [AddressBlock] { texts.compactMap { AddressBlock($0) } }

    private static let special4 = blocks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4")

    /// All of IPv6 that is given out to be used; the rest is loopback, link-local, private, multicast, or of no use yet.
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
