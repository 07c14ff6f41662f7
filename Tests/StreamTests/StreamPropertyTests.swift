import Base
import Foundation
import Synchronization
import TestSupport
import Testing
import Workflow

/// Whatever happens, a reader gets every event that it asked for once and in order, and a fold of them is the tables.
///
/// `PRESSROOM_TEST_SEEDS` says how many stories are told, `PRESSROOM_TEST_SEED` repeats the one with that seed.
@Suite struct StreamPropertyTests {
    private static var seeds: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["PRESSROOM_TEST_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        let first = UInt64.random(in: 0..<1_000_000_000)
        let count = environment["PRESSROOM_TEST_SEEDS"].flatMap { UInt64($0) } ?? 200
        return Array(first..<(first + count))
    }

    @Test func everyReaderEndsWithWhatTheTablesHold() async throws {
        let seeds = Self.seeds
        let pairs = Dictionary(grouping: seeds) { NodePair.Bounds.allCases[Int($0 % UInt64(NodePair.Bounds.allCases.count))] }
        let total = Totals()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (bounds, seeds) in pairs { group.addTask { try await Self.tell(seeds, bounds, total) } }
            try await group.waitForAll()
        }
        let sum = total.sum
        print(
            "\(seeds.count) stories from seed \(seeds.first ?? 0) on: \(sum.events) events, \(sum.connections) connections,",
            "\(sum.cuts) cuts, \(sum.resets) resets, \(sum.folds) folds compared")
        // Otherwise the stories have become harmless.
        if seeds.count >= 100, sum.problems.isEmpty { #expect(sum.connections > 6 * seeds.count && sum.resets > 0 && sum.folds > 0) }
    }

    private static func tell(_ seeds: [UInt64], _ bounds: NodePair.Bounds, _ total: Totals) async throws {
        try await NodePair.with(bounds) { pair in
            for seed in seeds where total.sum.problems.count < 3 { total.add(await Self.story(seed, bounds, in: pair)) }
        }
    }

    /// One story; what is wrong with it is recorded with its seed.
    private static func story(_ seed: UInt64, _ bounds: NodePair.Bounds, in pair: NodePair) async -> Story.Outcome {
        var outcome = Story.Outcome()
        let journal = Journal()
        do {
            outcome = try await within(.seconds(60), "the end of the story") {
                try await Story.run(seed: seed, in: pair, journal)
            }
        } catch {
            outcome.problems.append("\(error)\n\(journal.text)")
        }
        if !outcome.problems.isEmpty {
            Issue.record("PRESSROOM_TEST_SEED=\(seed) (\(bounds)): \(outcome.problems.prefix(3).joined(separator: "\n"))")
        }
        return outcome
    }
}

private final class Totals: Sendable {
    private let outcome = Mutex(Story.Outcome())

    var sum: Story.Outcome { outcome.withLock { $0 } }

    func add(_ other: Story.Outcome) {
        outcome.withLock { outcome in
            outcome.events += other.events
            outcome.connections += other.connections
            outcome.cuts += other.cuts
            outcome.resets += other.resets
            outcome.folds += other.folds
            outcome.problems += other.problems
        }
    }
}
