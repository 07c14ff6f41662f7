import Foundation

extension String {
    /// Whether the text is in normal form C (Unicode Standard Annex 15). `String` compares by canonical equivalence and PostgreSQL
    /// by bytes; of texts in this form they agree on which are equal. Names that decide who may see what have to be in it.
    package var isInNormalFormC: Bool {
        utf8.allSatisfy { $0 < 0x80 } || unicodeScalars.elementsEqual(precomposedStringWithCanonicalMapping.unicodeScalars)
    }
}
