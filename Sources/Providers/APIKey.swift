/// A provider's key, which no description, mirror or interpolation shows.
package struct APIKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The key itself, for the request header and nothing else.
    let secret: String

    /// Returns nil for a key of white space only.
    package init?(_ text: String) {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        guard !trimmed.isEmpty else { return nil }
        secret = String(trimmed)
    }

    package var description: String { "(hidden)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` with the key blotted out, for what a server sent back to us.
    func redacted(from text: String) -> String {
        text.replacing(secret, with: "(hidden)")
    }

    /// Whether the key can stand in a header at all (visible ASCII; RFC 9110, section 5.5).
    var fitsInHeader: Bool {
        secret.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
