import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct EvaluationAggregateTests {
    private typealias Score = EvaluationAggregate.Score
    private static let ids = (0..<4).map { _ in UUIDv7.next() }

    @Test func failedEvaluationsAreCountedAndLeftOut() {
        let standings = EvaluationAggregate.rank(
            outputs: Self.ids,
            scores: [
                Score(outputID: Self.ids[0], judge: "ada", score: 6), Score(outputID: Self.ids[0], judge: "bob", score: nil),
                Score(outputID: Self.ids[1], judge: "ada", score: 5), Score(outputID: Self.ids[1], judge: "bob", score: 8),
                Score(outputID: Self.ids[2], judge: "ada", score: nil),
            ])
        #expect(standings.map(\.outputID) == [Self.ids[1], Self.ids[0], Self.ids[2], Self.ids[3]])
        #expect(standings.map(\.meanScore) == [6.5, 6, nil, nil])
        #expect(standings.map(\.completed) == [2, 1, 0, 0])
        #expect(standings.map(\.failed) == [0, 1, 1, 0])
        #expect(standings.map(\.rank) == [1, 2, 3, 4])
    }

    @Test func tiesGoToTheBetterCoveredThenTheEarlier() {
        let standings = EvaluationAggregate.rank(
            outputs: Array(Self.ids[..<3]),
            scores: [
                Score(outputID: Self.ids[0], judge: "ada", score: 7), Score(outputID: Self.ids[1], judge: "ada", score: 7),
                Score(outputID: Self.ids[2], judge: "ada", score: 7), Score(outputID: Self.ids[2], judge: "bob", score: 7),
            ])
        #expect(standings.map(\.outputID) == [Self.ids[2], Self.ids[0], Self.ids[1]])
    }

    @Test func agreementOverWhatAllJudgesScored() {
        let scores = zip(Self.ids, [9.0, 5, 7]).flatMap { id, score in
            [Score(outputID: id, judge: "ada", score: score), Score(outputID: id, judge: "bob", score: score / 2)]
        }
        #expect(EvaluationAggregate.agreement(outputs: Self.ids, scores: scores + [Score(outputID: Self.ids[3], judge: "ada", score: 1)]) == 1)
        #expect(EvaluationAggregate.agreement(outputs: Self.ids, scores: []) == nil)
    }

    @Test func weightedMean() {
        let criteria = [Criterion(id: "clarity", weight: 2), Criterion(id: "hook", weight: 1)]
        #expect(WeightedScore.mean(of: ["clarity": 9, "hook": 3, "other": 1], criteria: criteria) == 7)
        #expect(WeightedScore.mean(of: ["clarity": 9], criteria: criteria) == nil)
        #expect(WeightedScore.mean(of: [:], criteria: []) == nil)
        #expect(WeightedScore.normalized(7, scale: Scale(min: 1, max: 10)) == 6.0 / 9.0)
    }
}
