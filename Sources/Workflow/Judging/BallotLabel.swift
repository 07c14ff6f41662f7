/// The names under which candidates stand on a ballot: A…Z, AA, AB, … – never who wrote them.
package enum BallotLabel {
    /// `index` counts from 0.
    package static func text(_ index: Int) -> String {
        var rest = index
        var label = ""
        repeat {
            label = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(rest % 26))) + label
            rest = rest / 26 - 1
        } while rest >= 0
        return label
    }

    /// The first `count` labels.
    package static func first(_ count: Int) -> [String] {
        (0..<count).map(text)
    }
}
