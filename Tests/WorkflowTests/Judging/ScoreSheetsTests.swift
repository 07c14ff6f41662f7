import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct ScoreSheetsTests {
    private static let ids = (0..<3).map { _ in UUIDv7.next() }

    /// Wikipedia, "Weighted arithmetic mean", basic example: classes of 20 and 30 with the means 80 and 90 have 86.
    @Test func weightedMeanOfClasses() {
        let criteria = [Criterion(id: "morning", weight: 20), Criterion(id: "afternoon", weight: 30)]
        #expect(WeightedScore.mean(of: ["morning": 80, "afternoon": 90], criteria: criteria) == 86)
    }

    @Test func theMeanOfTheJudgesCounts() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let outcome = ScoreSheets.aggregate(
            sheets: [ScoreSheet(judge: "x", scores: [a: 8, b: 9, c: 2]), ScoreSheet(judge: "y", scores: [a: 8, b: 5, c: 2])],
            candidates: [c, b, a])
        #expect(outcome.entries.map(\.outputID) == [a, b, c])
        #expect(outcome.entries.map(\.avgScore) == [8, 7, 2])
        #expect(outcome.entries.map(\.totalScore) == [16, 14, 4])
        #expect(outcome.entries.map(\.firstPlaces) == [1, 1, 0])
        #expect(outcome.agreement == Agreement.kendallW(ranks: [[2, 1, 3], [1, 2, 3]]))
    }

    @Test func sheetsThatLeaveSomeoneOut() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let outcome = ScoreSheets.aggregate(
            sheets: [ScoreSheet(judge: "x", scores: [b: 9, c: 4]), ScoreSheet(judge: "y", scores: [a: 8, b: 5])],
            candidates: [a, b, c])
        #expect(outcome.entries.map(\.outputID) == [a, b, c])
        #expect(outcome.entries.map(\.avgScore) == [8, 7, 4])
        #expect(outcome.entries.map(\.totalScore) == [16, 14, 8])
    }

    @Test func levelScoresShareAPlace() {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        let outcome = ScoreSheets.aggregate(
            sheets: [ScoreSheet(judge: "x", scores: [a: 7, b: 7, c: 3])], candidates: [a, b, c], initialScores: [b: 5])
        #expect(outcome.entries.map(\.outputID) == [b, a, c])
        #expect(outcome.entries.map(\.firstPlaces) == [1, 1, 0])
    }

    @Test func answersAreReadStrictly() throws {
        let (a, b) = (Self.ids[0], Self.ids[1])
        let criteria = [Criterion(id: "clarity"), Criterion(id: "hook")]
        func parse(_ text: String) throws(ProviderError) -> [UUID: [String: Double]] {
            try ScoreSheetSchema.parse(text, candidates: [a, b], criteria: criteria, scale: Scale()).scores
        }
        let sound = #"{"scores": {"A": {"clarity": 7, "hook": 1}, "B": {"clarity": 10, "hook": 2.5}}, "reasoning": ""}"#
        #expect(try parse(sound) == [a: ["clarity": 7, "hook": 1], b: ["clarity": 10, "hook": 2.5]])
        for text in [
            "{}", #"{"scores": {"A": {"clarity": 7, "hook": 1}}}"#,
            #"{"scores": {"A": {"clarity": 7, "hook": 1}, "B": {"clarity": 10}}}"#,
            #"{"scores": {"A": {"clarity": 7, "hook": 1}, "B": {"clarity": 11, "hook": 1}}}"#,
            #"{"scores": {"A": {"clarity": 7, "hook": 1}, "B": {"clarity": "9", "hook": 1}}}"#,
            #"{"scores": {"A": {"clarity": 7, "hook": 1}, "B": {"clarity": 9, "hook": 1}, "C": {"clarity": 9, "hook": 1}}}"#,
        ] {
            #expect(throws: ProviderError.self) { _ = try parse(text) }
        }
        let schema = try JSONSchema(ScoreSheetSchema.json(count: 2, criteria: criteria, scale: Scale()))
        #expect(schema.validate(try JSON(parsing: sound)) == [])
        #expect(!schema.validate(try JSON(parsing: #"{"scores": {"A": {"clarity": 7, "hook": 1}}, "reasoning": ""}"#)).isEmpty)
    }
}
