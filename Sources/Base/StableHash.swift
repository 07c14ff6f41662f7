/// Hashes that never change, for seeds; not for secrets.
package enum StableHash {
    /// FNV-1a, 64 bits (draft-eastlake-fnv), over the UTF-8 of each part followed by the byte 0xFF, which UTF-8 never has.
    package static func fnv1a(_ parts: [String]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}
