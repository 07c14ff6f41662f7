/// A place in a tenant's log, `<epoch>.<position>`: what `id:` and `Last-Event-ID` carry.
package struct Cursor: Sendable, Hashable, LosslessStringConvertible {
    /// Letters and digits. Changes when a database was restored from a backup.
    package let epoch: String
    /// The last event that was seen; 0 before the first.
    package let position: Int64

    package init(epoch: String, position: Int64) {
        self.epoch = epoch
        self.position = position
    }

    /// Nil when the text is not a cursor.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy(Self.isLetterOrDigit),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            parts[1] == "0" || !parts[1].hasPrefix("0"),
            let position = Int64(parts[1])
        else { return nil }
        self.init(epoch: String(parts[0]), position: position)
    }

    package var description: String { "\(epoch).\(position)" }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
