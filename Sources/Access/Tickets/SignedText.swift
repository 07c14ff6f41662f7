import Crypto
import Store

/// Texts that the service gave out and recognizes again: tickets and session cookies. Every node reads the same keys, so that
/// a text of one is good on all.
///
/// A text is `<prefix>_<key>.<payload>.<code>`: the prefix says what it is for, and is signed with the rest, so that a ticket
/// is never taken for a cookie.
struct SignedText {
    enum Kind: String {
        case ticket = "prt"
        case session = "prs"
    }

    /// The longest text that is looked at, in bytes: a cookie has at most 4,096.
    static let maxLength = 4_096

    static func sign(_ payload: [UInt8], as kind: Kind, with key: SigningKeyRecord) -> String {
        let signed = "\(kind.rawValue)_\(key.id).\(Base64URL.text(payload))"
        return "\(signed).\(Base64URL.text(code(of: signed, key)))"
    }

    /// The payload; nil for a text that none of the keys has signed as this kind.
    static func payload(of text: String, as kind: Kind, verifiedWith keys: [SigningKeyRecord]) -> [UInt8]? {
        guard text.utf8.count <= maxLength else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let code = Base64URL.bytes(parts[2]) else { return nil }
        guard let key = keys.first(where: { "\(kind.rawValue)_\($0.id)" == parts[0] }) else { return nil }
        guard ConstantTime.isEqual(code, self.code(of: "\(parts[0]).\(parts[1])", key)) else { return nil }
        return Base64URL.bytes(parts[1])
    }

    private static func code(of text: String, _ key: SigningKeyRecord) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key.secret)))
    }
}
