import Base
import Foundation
import TestSupport
import Testing

@testable import Workflow

@Suite struct ComparisonCountTests {
    private static let ids = (0..<5).map { _ in UUIDv7.next() }

    /// The games of Wikipedia's worked example, each as a question about a pair.
    @Test func pairs() {
        let (a, b, c, d) = (Self.ids[0], Self.ids[1], Self.ids[2], Self.ids[3])
        let games: [(UUID, UUID, Int)] = [
            (a, b, 2), (a, d, 1), (b, a, 3), (b, c, 5), (c, b, 3), (c, d, 1), (d, a, 4), (d, c, 3),
        ]
        let ballots = games.flatMap { winner, loser, count in
            (0..<count).map { _ in Ballot(judge: "ada", order: [winner, loser], candidates: [winner, loser]) }
        }
        let outcome = ComparisonCount.aggregate(ballots: ballots, candidates: [a, b, c, d])
        #expect(outcome.entries.map(\.outputID) == [d, b, c, a])
        #expect(outcome.entries.map { (($0.totalScore ?? 0) * 1_000).rounded() } == [2_270, 1_043, 660, 640])
        // The mean of 2.2704 / (2.2704 + 0.6398), … / (… + 1.0433) and … / (… + 0.6598).
        #expect(abs((outcome.entries[0].avgScore ?? 0) - (0.78014 + 0.68517 + 0.77483) / 3) < 1e-4)
        #expect(outcome.fit?.usesPrior == false)
        #expect(outcome.agreement == nil)
    }

    @Test func ballotsAreComparisonsOfEveryTwo() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let orders = [[a, b, c], [a, c, b], [b, a, c]]
        let outcome = ComparisonCount.aggregate(
            ballots: orders.enumerated().map { Ballot(judge: "\($0)", order: $1) }, candidates: [c, b, a])
        let wins: [[Double]] = [[0, 2, 3], [1, 0, 2], [0, 1, 0]]
        let fit = BradleyTerry.fit(wins: wins)
        #expect(outcome.entries.map(\.outputID) == [a, b, c])
        for (entry, strength) in zip(outcome.entries, fit.strengths) {
            #expect(abs((entry.totalScore ?? 0) / strength - 1) < 1e-6)
        }
        #expect(outcome.entries.map(\.firstPlaces) == [2, 1, 0])
        let rows: [[Double]] = [[3, 2, 1], [2, 3, 1], [3, 1, 2]]
        #expect(outcome.agreement == Agreement.kendallW(ranks: rows))
    }

    @Test func whoIsNotComparedComesLast() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let outcome = ComparisonCount.aggregate(
            ballots: [Ballot(judge: "x", order: [c, b], candidates: [b, c])], candidates: [a, b, c])
        #expect(outcome.entries.map(\.outputID) == [c, b, a])
        #expect(outcome.entries.last?.totalScore == nil && outcome.entries.last?.avgScore == nil)
        #expect(ComparisonCount.aggregate(ballots: [], candidates: [a, b]).entries.map(\.outputID) == [a, b])
        let alone = ComparisonCount.aggregate(ballots: [Ballot(judge: "x", order: [a])], candidates: [a])
        #expect(alone.entries.map(\.rank) == [1])
        #expect(alone.fit == nil)
    }

    @Test func tiesAndTheOrderOfBallots() {
        let seed = Seed.pick()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let candidates = Array(Self.ids[..<Int(2 + generator.next(below: 4))])
            let ballots = (0..<(1 + generator.next(below: 6))).map { number in
                let sheet = generator.shuffled(candidates).prefix(Int(2 + generator.next(below: UInt64(candidates.count - 1))))
                return Ballot(judge: "\(number % 4)", order: Array(sheet), candidates: Set(sheet))
            }
            let one = ComparisonCount.aggregate(ballots: ballots, candidates: candidates)
            let two = ComparisonCount.aggregate(ballots: generator.shuffled(ballots), candidates: candidates)
            #expect(one == two, "seed \(seed)")
            #expect(one.entries.map(\.rank) == Array(1...candidates.count), "seed \(seed)")
            if let agreement = one.agreement { #expect((0...1).contains(agreement), "seed \(seed)") }
        }
        // A perfect loop: level, so the initial scores and then the age decide.
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let loop = [[a, b, c], [b, c, a], [c, a, b]].enumerated().map { Ballot(judge: "\($0)", order: $1) }
        #expect(ComparisonCount.aggregate(ballots: loop, candidates: [c, a, b]).entries.map(\.outputID) == [c, a, b])
        let scored = ComparisonCount.aggregate(ballots: loop, candidates: [c, a, b], initialScores: [b: 7, a: 6])
        #expect(scored.entries.map(\.outputID) == [b, a, c])
    }
}
