/// Waiting times that double from 50 ms to 1 s, each shortened by up to a half at random, so that clients of a
/// server that came back do not arrive all at once.
struct Backoff: Sendable {
    private var next = Duration.milliseconds(50)

    mutating func delay() -> Duration {
        defer { next = min(next * 2, .seconds(1)) }
        return next * Double.random(in: 0.5...1)
    }
}
