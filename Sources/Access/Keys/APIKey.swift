import Crypto

/// An API key as its holder has it: `prk_<key_id>_<secret>`. The service stores only the hash of the secret.
package struct APIKey: Sendable {
    /// 16 characters, by which the key is looked up and named in the log.
    package let keyID: String
    /// 64 hexadecimal digits: 256 random bits.
    private let secret: String

    /// A new key, from the system's random numbers.
    package init() {
        var generator = SystemRandomNumberGenerator()
        keyID = String((0..<16).map { _ in Self.alphabet.randomElement(using: &generator) ?? "0" })
        secret = SymmetricKey(size: .bits256).withUnsafeBytes { Self.hex($0) }
    }

    /// Nil for a text that is no key; whether there is such a key, its row says.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard text.utf8.count == Self.length, parts.count == 3, parts[0].elementsEqual(Self.prefix.utf8),
            parts[1].count == 16, parts[1].allSatisfy(Self.isOfID), parts[2].count == 64, parts[2].allSatisfy(Self.isHexDigit)
        else { return nil }
        keyID = String(decoding: parts[1], as: UTF8.self)
        secret = String(decoding: parts[2], as: UTF8.self)
    }

    /// To be shown once.
    package var text: String { "\(Self.prefix)_\(keyID)_\(secret)" }

    /// SHA-256 of the secret. A secret of 256 random bits needs no slow hash: there is nothing to guess from.
    package var secretHash: [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Compares in a time that does not depend on where the hashes differ.
    package func matches(_ storedHash: [UInt8]) -> Bool {
        ConstantTime.isEqual(secretHash, storedHash)
    }

    /// Whether a credential is meant as a key, and not as a token.
    package static func isMeant(by text: String) -> Bool { text.hasPrefix("\(prefix)_") }

    private static let prefix = "prk"
    private static let length = 3 + 1 + 16 + 1 + 64
    private static let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz")

    private static func isOfID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }

    private static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// Comparisons of secrets.
package enum ConstantTime {
    /// Takes as long for any two arrays of the same length.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
