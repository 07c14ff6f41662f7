/// Hashes that are the same in every run, on every machine and in every version: for names and seeds, not for secrets.
///
/// FNV-1a with 64 bits (IETF draft-eastlake-fnv).
package enum StableHash {
    private static let offsetBasis: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x0000_0100_0000_01B3

    /// The hash of a text's UTF-8.
    package static func value(_ text: String) -> UInt64 {
        mixed(offsetBasis, with: text)
    }

    /// A hash that keeps the boundaries of the parts: ("ab", "c") differs from ("a", "bc").
    ///
    /// The byte 0xFF, which UTF-8 never contains, follows each part.
    package static func value(parts: [String]) -> UInt64 {
        parts.reduce(offsetBasis) { (mixed($0, with: $1) ^ 0xFF) &* prime }
    }

    /// The hash of a text as 16 lower-case hexadecimal digits.
    package static func hex(_ text: String) -> String {
        value(text).padded(to: 16, radix: 16)
    }

    private static func mixed(_ hash: UInt64, with text: String) -> UInt64 {
        text.utf8.reduce(hash) { ($0 ^ UInt64($1)) &* prime }
    }
}
