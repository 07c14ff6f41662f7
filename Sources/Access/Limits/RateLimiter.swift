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
    package func use(_ key: Key, at now: ContinuousClock.Instant = .now) -> Duration? {
        buckets.withLock { buckets in
            var bucket = refilled(buckets[key], at: now)
            guard bucket.left >= 1 else {
                buckets[key] = bucket
                return wait(bucket)
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
            guard let bucket = buckets[key].map({ refilled($0, at: now) }), bucket.left < 1 else { return nil }
            return wait(bucket)
        }
    }

    /// How many keys are counted.
    package var count: Int { buckets.withLock { $0.count } }

    private func refilled(_ bucket: Bucket?, at now: ContinuousClock.Instant) -> Bucket {
        guard let bucket else { return Bucket(left: perMinute, at: now) }
        let seconds = max(0, (now - bucket.at) / .seconds(1))
        return Bucket(left: min(perMinute, bucket.left + seconds * perMinute / 60), at: max(now, bucket.at))
    }

    private func wait(_ bucket: Bucket) -> Duration { .seconds((1 - bucket.left) * 60 / perMinute) }

    /// Half of them go: first those that are full again, then those with the most left.
    private func forget(_ buckets: inout [Key: Bucket], at now: ContinuousClock.Instant) {
        let left = buckets.mapValues { refilled($0, at: now).left }
        for (key, _) in left.sorted(by: { $0.value > $1.value }).prefix(buckets.count - capacity / 2) {
            buckets[key] = nil
        }
    }
}
