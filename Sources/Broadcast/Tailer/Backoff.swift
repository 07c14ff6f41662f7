/// How long to wait after failures in a row.
enum Backoff {
    /// 100 ms, doubled each time up to 5 s, of which up to half is left out at random.
    static func delay(afterFailures failures: Int) -> Duration {
        let longest = min(5.0, 0.1 * Double(1 << min(max(failures - 1, 0), 10)))
        return .seconds(longest * Double.random(in: 0.5...1))
    }
}
