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
