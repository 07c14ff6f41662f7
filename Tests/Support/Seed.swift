package import Base
import Foundation
import Workflow

/// The seed of a random test: printed before the test runs, and set with `PRESSROOM_TEST_SEED=n` to repeat it.
package enum Seed {
    /// Printed at once, so that a crash leaves it behind.
    package static func pick(_ test: String = #function) -> UInt64 {
        let chosen = ProcessInfo.processInfo.environment["PRESSROOM_TEST_SEED"].flatMap { UInt64($0) }
        let seed = chosen ?? UInt64.random(in: 0..<1_000_000)
        print("\(test): PRESSROOM_TEST_SEED=\(seed)")
        return seed
    }

    package static func generator(_ test: String = #function) -> SeededGenerator {
        SeededGenerator(seed: pick(test))
    }
}

extension SeededGenerator {
    /// A generator of its own for each part of a test, so that the parts' turns do not matter.
    package mutating func fork() -> SeededGenerator { SeededGenerator(seed: next()) }

    /// Lets a random time pass: the moment of the next fault, or how long one lasts. Nothing is waited for.
    package mutating func pause(_ milliseconds: Range<Int>) async throws {
        try await Task.sleep(for: self.milliseconds(milliseconds))
    }

    package mutating func milliseconds(_ range: Range<Int>) -> Duration {
        .milliseconds(range.lowerBound + Int(next(below: UInt64(range.count))))
    }
}
