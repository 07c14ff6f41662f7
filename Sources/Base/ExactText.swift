import Foundation

/// A text that equals only texts of the same bytes, as in PostgreSQL.
///
/// `String` compares by canonical equivalence: to it an é of one scalar and one of two are the same (Unicode Standard Annex 15).
package struct ExactText: Sendable, ExpressibleByStringLiteral {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package init(stringLiteral text: String) {
        self.text = text
    }
}

extension ExactText: Hashable {
    package static func == (one: ExactText, other: ExactText) -> Bool {
        one.text.isExactly(other.text)
    }

    package func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isHashed == nil { Array(text.utf8).withUnsafeBytes { hasher.combine(bytes: $0) } }
    }
}

extension String {
    /// Whether two texts have the same bytes.
    package func isExactly(_ other: String?) -> Bool {
        guard let other, utf8.count == other.utf8.count else { return false }
        return utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { others in
                guard let own = bytes.baseAddress, let other = others.baseAddress else { return true }
                return memcmp(own, other, bytes.count) == 0
            }
        }.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
    }
}
