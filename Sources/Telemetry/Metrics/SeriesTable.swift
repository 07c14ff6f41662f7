import Synchronization

/// The instruments of one metric by their label values: looked up without a lock, and bounded. What comes after the bound
/// shares one instrument, whose label values are all `other`.
final class SeriesTable<Instrument: Sendable>: Sendable {
    private final class Entry: Sendable {
        let values: [String]
        let instrument: Instrument

        init(_ values: [String], _ instrument: Instrument) {
            self.values = values
            self.instrument = instrument
        }
    }

    /// Filled once and never emptied, so that a reader needs no lock.
    private final class Slot: Sendable {
        let entry = AtomicLazyReference<Entry>()
    }

    /// The longest label value, in characters.
    private static var maxLength: Int { 128 }

    private let slots: [Slot]
    private let used = Atomic<Int>(0)
    private let limit: Int
    private let labelCount: Int
    private let overflow = AtomicLazyReference<Entry>()
    private let make: @Sendable ([String]) -> Instrument

    /// - Parameter make: may be called more than once for the same values, by threads that look them up at the same time.
    init(_ definition: MetricDefinition, _ make: @escaping @Sendable ([String]) -> Instrument) {
        limit = max(1, definition.maxSeries)
        labelCount = definition.labels.count
        var capacity = 4
        while capacity < limit * 2 { capacity *= 2 }
        slots = (0..<capacity).map { _ in Slot() }
        self.make = make
    }

    subscript(values: [String]) -> Instrument {
        var hasher = Hasher()
        for value in values { hasher.combine(value) }
        let mask = slots.count - 1
        var index = hasher.finalize() & mask
        for _ in slots.indices {
            if let entry = slots[index].entry.load() {
                if entry.values == values { return entry.instrument }
                index = (index + 1) & mask
                continue
            }
            guard values.allSatisfy({ $0.utf8.count <= Self.maxLength }) else { return rest }
            guard used.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
                used.wrappingSubtract(1, ordering: .relaxed)
                return rest
            }
            let new = Entry(values, make(values))
            let stored = slots[index].entry.storeIfNil(new)
            if stored !== new { used.wrappingSubtract(1, ordering: .relaxed) }
            if stored.values == values { return stored.instrument }
            index = (index + 1) & mask
        }
        return rest
    }

    private var rest: Instrument {
        if let entry = overflow.load() { return entry.instrument }
        let values = Array(repeating: MetricDefinition.otherLabel, count: labelCount)
        return overflow.storeIfNil(Entry(values, make(values))).instrument
    }
}
