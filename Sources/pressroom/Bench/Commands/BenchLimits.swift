import ArgumentParser

/// What can be measured with sense, for the options that several commands have.
enum BenchLimits {
    static func check(subscribers: Int, publishers: Int, messages: Int, size: Int) throws {
        guard (1...1_000_000).contains(subscribers) else { throw ValidationError("--subscribers must be 1…1000000") }
        guard (1...1000).contains(publishers) else { throw ValidationError("--publishers must be 1…1000") }
        guard (1...10_000_000).contains(messages) else { throw ValidationError("there must be 1…10000000 messages") }
        guard (64...1_000_000).contains(size) else { throw ValidationError("--size must be 64…1000000") }
    }

    static func check(seconds: Double, _ name: String) throws {
        guard seconds > 0, seconds <= 86_400 else { throw ValidationError("\(name) must be above 0 and at most 86400") }
    }
}
