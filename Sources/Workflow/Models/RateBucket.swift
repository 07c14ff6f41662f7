/// How a limit per minute is kept: a bucket with room for a twentieth of it (at least 1), filled evenly, and slowly
/// enough that no 60 seconds, wherever they begin, let through more than the limit.
///
/// From a full bucket, less than 60 seconds let through less than `burst + 60 · perSecond` = limit + 1.
package struct RateBucket: Sendable, Hashable {
    /// What the full bucket holds.
    package let burst: Double
    package let perSecond: Double

    /// - Parameter limit: above 0.
    package init(perMinute limit: Int) {
        burst = max(1, Double(limit) / 20)
        perSecond = (Double(limit) + 1 - burst) / 60
    }
}
