/// SplitMix64: the same numbers from the same seed, on every machine and in every version.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Not for secrets.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// Seeds from texts, by a stable hash that keeps their boundaries: ("ab", "c") differs from ("a", "bc").
    package init(seedingFrom parts: String...) {
        self.init(seed: StableHash.value(parts: parts))
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A double in 0..<1, from the upper 53 bits.
    package mutating func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A number in 0..<bound, by rejection and so without bias; `bound` must be above 0.
    ///
    /// Used instead of the standard library's, whose mapping from bits to ranges may change between versions.
    package mutating func next(below bound: UInt64) -> UInt64 {
        precondition(bound > 0)
        let threshold = (0 &- bound) % bound
        while true {
            let candidate = next()
            if candidate >= threshold { return candidate % bound }
        }
    }

    /// A shuffled copy (Fisher and Yates, Durstenfeld's version).
    package mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for last in stride(from: result.count - 1, to: 0, by: -1) {
            result.swapAt(last, Int(next(below: UInt64(last + 1))))
        }
        return result
    }
}
