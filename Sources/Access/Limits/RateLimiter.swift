import Synchronization

/// Counts uses by key, so many a minute, with as many at once. Bounded in memory: where more keys are in use than fit, those
/// that have used the least are forgotten.
package final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    private struct Bucket {
        /// Uses that are left.
        var left: Double
        var at: ContinuousClock.Instant
    }

    private let perMinute: Double
    private let capacity: Int
    private let buckets = Mutex<[Key: Bucket]>([:])

    /// - Parameters:
    ///   - perMinute: above 0.
    ///   - capacity: the most keys that are counted at a time.
    package init(perMinute: Int, capacity: Int = 10_000) {
        self.perMinute = Double(max(1, perMinute))
        self.capacity = max(2, capacity)
    }

    /// Counts a use. Returns how long to wait where there is none left; nil where it was one of those allowed.
    ///
    /// - Parameter limit: the key's own, above 0; nil for the limiter's.
    package func use(_ key: Key, perMinute limit: Int? = nil, at now: ContinuousClock.Instant = .now) -> Duration? {
        let perMinute = limit.map { Double(max(1, $0)) } ?? perMinute
        return buckets.withLock { buckets in
            var bucket = Self.refilled(buckets[key], perMinute, at: now)
            guard bucket.left >= 1 else {
                buckets[key] = bucket
                return Self.wait(bucket, perMinute)
            }
            bucket.left -= 1
            if buckets.count >= capacity, buckets[key] == nil { forget(&buckets, at: now) }
            buckets[key] = bucket
            return nil
        }
    }

    /// How long to wait, without a use.
    package func wait(_ key: Key, at now: ContinuousClock.Instant = .now) -> Duration? {
        buckets.withLock { buckets in
            guard let bucket = buckets[key].map({ Self.refilled($0, perMinute, at: now) }), bucket.left < 1 else { return nil }
            return Self.wait(bucket, perMinute)
        }
    }

    /// How many keys are counted.
    package var count: Int { buckets.withLock { $0.count } }

    private static func refilled(_ bucket: Bucket?, _ perMinute: Double, at now: ContinuousClock.Instant) -> Bucket {
        guard let bucket else { return Bucket(left: perMinute, at: now) }
        let seconds = max(0, (now - bucket.at) / .seconds(1))
        return Bucket(left: min(perMinute, bucket.left + seconds * perMinute / 60), at: max(now, bucket.at))
    }

    private static func wait(_ bucket: Bucket, _ perMinute: Double) -> Duration { .seconds((1 - bucket.left) * 60 / perMinute) }

    /// Half of them go: first those that are full again, then those with the most left.
    private func forget(_ buckets: inout [Key: Bucket], at now: ContinuousClock.Instant) {
        let left = buckets.mapValues { Self.refilled($0, perMinute, at: now).left }
        for (key, _) in left.sorted(by: { $0.value > $1.value }).prefix(buckets.count - capacity / 2) {
            buckets[key] = nil
        }
    }
}
