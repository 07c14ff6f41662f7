/// Small numbers, 0 to 63.
struct CronSet: Sendable, Hashable {
    private var bits: UInt64 = 0

    mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }
    mutating func remove(_ value: Int) { bits &= ~(1 << UInt64(value)) }
    mutating func formUnion(_ other: CronSet) { bits |= other.bits }
    func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }

    /// The least element that is not below `value`, which is at most 63.
    func next(from value: Int) -> Int? {
        let rest = bits >> UInt64(value)
        return rest == 0 ? nil : value + rest.trailingZeroBitCount
    }
}
