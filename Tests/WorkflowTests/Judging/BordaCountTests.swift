import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct BordaCountTests {
    private static let ids = (0..<4).map { _ in UUIDv7.next() }

    /// The capital of Tennessee, the usual worked example (Wikipedia, "Borda count"): of 100 voters 42 live near Memphis, 26
    /// near Nashville, 15 near Chattanooga, 17 near Knoxville; Nashville wins with 194 before 173, 126 and 107 points.
    @Test func capitalOfTennessee() {
        let (memphis, nashville, chattanooga, knoxville) = (Self.ids[0], Self.ids[1], Self.ids[2], Self.ids[3])
        let groups: [(Int, [UUID])] = [
            (42, [memphis, nashville, chattanooga, knoxville]), (26, [nashville, chattanooga, knoxville, memphis]),
            (15, [chattanooga, knoxville, nashville, memphis]), (17, [knoxville, chattanooga, nashville, memphis]),
        ]
        let ballots = groups.flatMap { count, order in (0..<count).map { Ballot(judge: "\(order[0])-\($0)", order: order) } }
        let outcome = BordaCount.aggregate(ballots: ballots, candidates: Self.ids)
        #expect(outcome.entries.map(\.outputID) == [nashville, chattanooga, memphis, knoxville])
        #expect(outcome.entries.map(\.totalScore) == [194, 173, 126, 107])
        #expect(outcome.entries.map(\.avgScore) == [1.94, 1.73, 1.26, 1.07])
        #expect(outcome.entries.map(\.firstPlaces) == [26, 15, 42, 17])
    }

    @Test func aBallotThatLeavesSomeoneOutIsStretched() {
        #expect((1...4).map { BordaCount.points(place: $0, of: 4, all: 4) } == [3, 2, 1, 0])
        #expect((1...3).map { BordaCount.points(place: $0, of: 3, all: 4) } == [3, 1.5, 0])
        #expect((1...2).map { BordaCount.points(place: $0, of: 2, all: 4) } == [3, 0])
        #expect(BordaCount.points(place: 1, of: 1, all: 4) == 1.5)
        #expect(BordaCount.points(place: 1, of: 1, all: 1) == 0)
    }

    /// Three writers who also judge: each says "mine" when it may, and tells the truth about the others.
    @Test func whoLeavesOutItsOwnDecidesNothingForItself() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let outcome = BordaCount.aggregate(
            ballots: [
                Ballot(judge: "a", order: [b, c], candidates: [b, c]), Ballot(judge: "b", order: [a, c], candidates: [a, c]),
                Ballot(judge: "c", order: [a, b], candidates: [a, b]),
            ],
            candidates: [a, b, c])
        #expect(outcome.entries.map(\.outputID) == [a, b, c])
        #expect(outcome.entries.map(\.avgScore) == [2, 1, 0])
        #expect(outcome.entries.map(\.totalScore) == [6, 3, 0])
        // No two judges compared the same two drafts.
        #expect(outcome.agreement == nil)
    }
}
