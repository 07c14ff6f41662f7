import Foundation
import Workflow

/// The seed of a random test: printed, and set with `PRESSROOM_TEST_SEED` to see the same again.
enum Seed {
    static func generator(_ test: String) -> SeededGenerator {
        let chosen = ProcessInfo.processInfo.environment["PRESSROOM_TEST_SEED"].flatMap { UInt64($0) }
        let seed = chosen ?? UInt64.random(in: 0..<1_000_000)
        print("\(test): PRESSROOM_TEST_SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }
}

extension SeededGenerator {
    /// A generator of its own for each part of a test, so that the parts' turns do not matter.
    mutating func fork() -> SeededGenerator { SeededGenerator(seed: next()) }

    /// Lets a random time pass: the moment of the next fault, or how long one lasts. Nothing is waited for.
    mutating func pause(_ milliseconds: Range<Int>) async throws {
        try await Task.sleep(for: self.milliseconds(milliseconds))
    }

    mutating func milliseconds(_ range: Range<Int>) -> Duration {
        .milliseconds(range.lowerBound + Int(next(below: UInt64(range.count))))
    }
}
