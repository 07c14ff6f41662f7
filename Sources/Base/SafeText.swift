import Foundation

extension String {
    /// The text with `replacement` for each U+0000, the one character that PostgreSQL's texts cannot hold.
    package func replacingNULs(with replacement: String = "") -> String {
        holds(0) ? replacing("\0", with: replacement) : self
    }

    /// Whether the text has a character of ASCII. `contains` looks at whole characters, for which it takes ten times as long.
    package func holds(_ byte: UInt8) -> Bool {
        utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, Int32(byte), bytes.count) != nil } ?? false
        } ?? utf8.contains(byte)
    }
}
