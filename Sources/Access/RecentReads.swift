import Store
import Synchronization

/// Values that were read a moment ago, so that a thousand requests of a second cost a read or two. What is missing is
/// remembered too. Reads that come at the same time share a query.
final class RecentReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value?
        let readAt: ContinuousClock.Instant
    }

    private let maxAge: Duration
    private let capacity: Int
    private let entries = Mutex<[Key: Entry]>([:])
    private let reads: BatchedReads<Bool, Key, Value>

    /// - Parameters:
    ///   - maxAge: how old a value may be that is used.
    ///   - capacity: of values that are kept; when there are more, all are forgotten.
    init(maxAge: Duration, capacity: Int = 10_000, _ read: @escaping @Sendable ([Key]) async throws -> [Key: Value]) {
        self.maxAge = maxAge
        self.capacity = capacity
        reads = BatchedReads { _, keys in try await read(keys) }
    }

    /// - Parameter isUsable: whether what was read before may be used.
    func value(of key: Key, where isUsable: (Value?) -> Bool = { _ in true }) async throws -> Value? {
        let begin = ContinuousClock.now
        if let entry = entries.withLock({ $0[key] }), begin - entry.readAt < maxAge, isUsable(entry.value) { return entry.value }
        let value = try await reads.value(of: key, in: true)
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll() }
            if let other = entries[key], other.readAt > begin { return }
            // As old as the question: the answer may be of any moment since.
            entries[key] = Entry(value: value, readAt: begin)
        }
        return value
    }

    func forget(_ key: Key) {
        entries.withLock { $0[key] = nil }
    }
}
