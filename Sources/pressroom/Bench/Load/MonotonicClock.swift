import Glibc

/// The kernel's clocks as whole nanoseconds, which every process of the machine reads alike.
enum MonotonicClock {
    static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds of the day in UTC, which is how the time in events is compared.
    static func timeOfDay() -> UInt64 { read(CLOCK_REALTIME) % nanosecondsPerDay }

    static let nanosecondsPerDay: UInt64 = 86_400_000_000_000

    static func sleep(until instant: UInt64) {
        var time = timespec(tv_sec: Int(instant / 1_000_000_000), tv_nsec: Int(instant % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
    }

    static func sleep(seconds: Double) { sleep(until: now() + UInt64(seconds * 1e9)) }

    static func seconds(since start: UInt64) -> Double { Double(now() - start) / 1e9 }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
