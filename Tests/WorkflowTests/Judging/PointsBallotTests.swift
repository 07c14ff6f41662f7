import Base
import Foundation
import TestSupport
import Testing

@testable import Workflow

@Suite struct PointsBallotTests {
    private static let ids = (0..<6).map { _ in UUIDv7.next() }

    /// The capital of Tennessee, the usual worked example of Borda's count: of 100 voters 42 live near Memphis, 26 near
    /// Nashville, 15 near Chattanooga, 17 near Knoxville; Nashville wins with 194 before 173, 126 and 107 points.
    @Test func bordaCountOfTennessee() {
        let (memphis, nashville, chattanooga, knoxville) = (Self.ids[0], Self.ids[1], Self.ids[2], Self.ids[3])
        let groups: [(Int, [UUID])] = [
            (42, [memphis, nashville, chattanooga, knoxville]), (26, [nashville, chattanooga, knoxville, memphis]),
            (15, [chattanooga, knoxville, nashville, memphis]), (17, [knoxville, chattanooga, nashville, memphis]),
        ]
        let ballots = groups.flatMap { count, order in (0..<count).map { Ballot(judge: "\($0)", order: order) } }
        let outcome = PointsBallot.aggregate(ballots: ballots, candidates: Array(Self.ids[..<4]), points: [3, 2, 1, 0])
        #expect(outcome.entries.map(\.outputID) == [nashville, chattanooga, memphis, knoxville])
        #expect(outcome.entries.map(\.totalScore) == [194, 173, 126, 107])
        #expect(outcome.entries.map(\.rank) == [1, 2, 3, 4])
        #expect(outcome.entries.map(\.firstPlaces) == [26, 15, 42, 17])
        #expect(outcome.entries.map(\.avgScore) == [1.94, 1.73, 1.26, 1.07])
    }

    @Test func placesPastThePointsEarnNothing() {
        let outcome = PointsBallot.aggregate(
            ballots: [Ballot(judge: "a", order: Self.ids)], candidates: Self.ids, points: RankPhase.defaultPoints)
        #expect(outcome.entries.map(\.totalScore) == [100, 60, 30, 10, 5, 0])
        #expect(outcome.agreement == nil)
    }

    @Test func tiesAreBrokenByTheBetterPlaces() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        // 2 + 0 points for a and 1 + 1 for b: a has a first place.
        let places = PointsBallot.aggregate(
            ballots: [Ballot(judge: "x", order: [a, b, c]), Ballot(judge: "y", order: [c, b, a])], candidates: [b, a, c], points: [2, 1, 0])
        #expect(places.entries.map(\.totalScore) == [2, 2, 2])
        #expect(places.entries.map(\.outputID) == [a, c, b])
    }

    @Test func tiesAreThenBrokenByInitialScoresAndAge() {
        let (a, b) = (Self.ids[0], Self.ids[1])
        let ballots = [Ballot(judge: "x", order: [a, b]), Ballot(judge: "y", order: [b, a])]
        func winner(_ scores: [UUID: Double]) -> UUID? {
            PointsBallot.aggregate(ballots: ballots, candidates: [a, b], points: [2, 1], initialScores: scores).entries.first?.outputID
        }
        #expect(winner([a: 7, b: 8]) == b)
        #expect(winner([b: 8]) == b)
        #expect(winner([:]) == a)
        #expect(winner([a: 8, b: 8]) == a)
    }

    @Test func incompleteAndStrangeBallots() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let outcome = PointsBallot.aggregate(
            ballots: [Ballot(judge: "x", order: [b, b, Self.ids[5]]), Ballot(judge: "y", order: [b, a, c])], candidates: [a, b, c], points: [4, 2])
        #expect(outcome.entries.map(\.outputID) == [b, a, c])
        #expect(outcome.entries.map(\.totalScore) == [8, 2, 0])
        // Ranks 2.5 1 2.5 and 2 1 3: W = (12·(4.5² + 2² + 5.5²) − 3·4·3·16) / (4·3·8 − 2·6)
        #expect(abs((outcome.agreement ?? 0) - (12 * 54.5 - 576) / 84) < 1e-12)
        #expect(PointsBallot.aggregate(ballots: [], candidates: [a, b], points: [1]).entries.map(\.avgScore) == [0, 0])
        #expect(PointsBallot.aggregate(ballots: [], candidates: [], points: []).entries.isEmpty)
    }

    /// Left off a ballot is not ranked last on it.
    @Test func pointsAreScaledUpForThoseWhoDidNotStandEverywhere() {
        let (a, b, c, d) = (Self.ids[0], Self.ids[1], Self.ids[2], Self.ids[3])
        let outcome = PointsBallot.aggregate(
            ballots: [
                Ballot(judge: "x", order: [b, c], candidates: [b, c]), Ballot(judge: "y", order: [a, b, c], candidates: [a, b, c]),
                Ballot(judge: "z", order: [a, b], candidates: [a, b, c]),
            ],
            candidates: [a, b, c, d], points: [10, 4, 1])
        #expect(outcome.entries.map(\.outputID) == [a, b, c, d])
        // a: (10 + 10) / 2 · 3; b: 10 + 4 + 4; c: 4 + 1 + 0; d stood nowhere.
        #expect(outcome.entries.map(\.totalScore) == [30, 18, 5, nil])
        #expect(outcome.entries.map(\.avgScore) == [10, 6, 5.0 / 3, nil])
    }

    @Test func theOrderOfBallotsNeverMatters() {
        let seed = Seed.pick()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let candidates = Array(Self.ids[..<Int(1 + generator.next(below: 6))])
            let points = (0..<generator.next(below: 7)).map { _ in generator.nextUnit() * 10 }.sorted(by: >)
            let ballots = (0..<generator.next(below: 9)).map { Ballot(judge: "\($0)", order: generator.shuffled(candidates)) }
            let one = PointsBallot.aggregate(ballots: ballots, candidates: candidates, points: points)
            let two = PointsBallot.aggregate(ballots: generator.shuffled(ballots), candidates: candidates, points: points)
            #expect(one == two, "seed \(seed)")
            #expect(one.entries.map(\.rank) == Array(1...candidates.count), "seed \(seed)")
            #expect(zip(one.entries, one.entries.dropFirst()).allSatisfy { $0.totalScore ?? 0 >= ($1.totalScore ?? 0) - 1e-9 }, "seed \(seed)")
            if let agreement = one.agreement { #expect((0...1).contains(agreement), "seed \(seed)") }
        }
    }

    @Test func entriesAreRows() {
        let entry = RankingEntry(outputID: Self.ids[0], rank: 1, totalScore: 160, avgScore: 80, firstPlaces: 1)
        #expect(entry.json.text == #"{"output_id":"\#(Self.ids[0].text)","rank":1,"total_score":160,"avg_score":80,"first_places":1}"#)
    }

    @Test func labels() {
        #expect([0, 1, 25, 26, 27, 701, 702].map(BallotLabel.text) == ["A", "B", "Z", "AA", "AB", "ZZ", "AAA"])
        #expect(Set(BallotLabel.first(1_000)).count == 1_000)
    }
}
