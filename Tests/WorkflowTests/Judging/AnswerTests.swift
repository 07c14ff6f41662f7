import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct AnswerTests {
    private static let criteria = [Criterion(id: "clarity", weight: 2), Criterion(id: "hook")]
    private static let good = #"{"criteria_scores": {"clarity": 7, "hook": 8.5}, "reasoning": "Fine {really}."}"#

    @Test(arguments: [
        good, "```json\n\(good)\n```", "Here is my verdict: \(good) I hope it helps {smile}.", "<think>maybe {\"a\": 1}</think>\(good)", "\(good)\n\(good)",
        "I use {braces}, \"quotes and\n\(good)",
        #"{"criteria_scores": {"clarity": 7, "hook": 8.5, "extra": 3}, "reasoning": "Fine {really}.", "more": 1}"#,
        #"{"criteria_scores": {"clarity": 7.0, "hook": 8.50}, "reasoning": "Fine {really}."}"#, "{\(good)}",
    ])
    func readsVerdicts(_ text: String) throws {
        let verdict = try Verdict.parse(text, criteria: Self.criteria, scale: Scale())
        #expect(verdict == Verdict(criteriaScores: ["clarity": 7, "hook": 8.5], reasoning: "Fine {really}."))
    }

    @Test(arguments: [
        "", "I would give it an 8.", "8", "[]", #"{"criteria_scores": {"clarity": 7}}"#, #"{"criteria_scores": {"clarity": 7, "hook": "8"}}"#,
        #"{"criteria_scores": {"clarity": 7, "hook": null}}"#, #"{"criteria_scores": {"clarity": 7, "hook": 11}}"#, #"{"criteria_scores": {"clarity": 7, "hook": 0.9}}"#,
        #"{"criteria_scores": [7, 8]}"#, #"{"clarity": 7, "hook": 8}"#, #"{"criteria_scores": {"clarity": 7, "hook": 8}, "reasoning": 3}"#,
        #"{"criteria_scores": {"clarity": 7, "hook": 8}, "reasoning": "cut of"#, #"{"criteria_scores": {"clarity": 7, "hook": true}}"#,
        #"{"criteria_scores": {"clarity": 5, "hook": 5}, "reasoning": "An example."} Now the real one: "# + good,
        good + #" or rather {"criteria_scores": {"clarity": 2, "hook": 2}}"#, #"{"criteria_scores": {"clarity": NaN, "hook": 8}}"#,
        #"{"criteria_scores": {"clarity": 7, "hook": 8},}"#, String(repeating: "{", count: 100_000), String(repeating: "{\"a\":", count: 50_000),
    ])
    func neverInventsAVerdict(_ text: String) {
        #expect { try Verdict.parse(text, criteria: Self.criteria, scale: Scale()) } throws: {
            ($0 as? ProviderError)?.code == .invalidResponse
        }
    }

    /// Small models break lines inside of texts.
    @Test func aRawLineBreakIsPartOfItsText() throws {
        let text = "{\"reasoning\": \"One.\nTwo.\", \"criteria_scores\": {\"clarity\": 7, \"hook\": 8.5}}"
        let verdict = try Verdict.parse(text, criteria: Self.criteria, scale: Scale())
        #expect(verdict == Verdict(criteriaScores: ["clarity": 7, "hook": 8.5], reasoning: "One.\nTwo."))
    }

    @Test func readsEditDecisions() throws {
        #expect(try EditDecision.parse(#"{"approved": true}"#) == EditDecision(isApproved: true, feedback: ""))
        #expect(try EditDecision.parse(#"Sure: {"approved": false, "feedback": "Shorter."}"#) == EditDecision(isApproved: false, feedback: "Shorter."))
    }

    @Test(arguments: [
        #"{"approved": false}"#, #"{"approved": false, "feedback": "  "}"#, #"{"approved": "yes"}"#, #"{"feedback": "x"}"#, #"{"approved": true, "feedback": 3}"#,
        "approved", #"{"draft": {"approved": true, "feedback": ""}, "approved": fal"#,
    ])
    func neverInventsADecision(_ text: String) {
        #expect(throws: ProviderError.self) { try EditDecision.parse(text) }
    }

    @Test func readsBallots() throws {
        let ids = (0..<3).map { _ in UUIDv7.next() }
        let answer = try BallotSchema.parse(#"{"ranking": ["C", "A", "B"], "reasoning": "So."}"#, candidates: ids, judge: "ada")
        #expect(answer.ballot == Ballot(judge: "ada", order: [ids[2], ids[0], ids[1]]))
        #expect(answer.reasoning == "So.")
        for ranking in [#"["A","B"]"#, #"["A","B","B"]"#, #"["A","B","D"]"#, #"["A","B","C","A"]"#, #"["a","b","c"]"#, "[1,2,3]", "\"ABC\"", "null"] {
            #expect(throws: ProviderError.self, "\(ranking)") {
                try BallotSchema.parse("{\"ranking\": \(ranking)}", candidates: ids, judge: "ada")
            }
        }
    }

    /// Models write members in the order of the schema.
    @Test func reasonsComeBeforeScores() {
        func keys(_ schema: JSON) -> [String]? { schema["properties"]?.object?.keys }
        let verdict = VerdictSchema.evaluation(criteria: [Criterion(id: "zest"), Criterion(id: "clarity")], scale: Scale())
        #expect(keys(verdict) == ["reasoning", "criteria_scores"] && verdict["required"] == ["reasoning", "criteria_scores"])
        #expect(keys(verdict["properties"]?["criteria_scores"] ?? [:]) == ["zest", "clarity"])
        #expect(keys(EditDecisionSchema.json) == ["feedback", "approved", "content"])
        #expect(keys(BallotSchema.json(count: 2)) == ["reasoning", "ranking"])
        #expect(keys(ScoreSheetSchema.json(count: 2, criteria: Self.criteria, scale: Scale())) == ["reasoning", "scores"])
    }

    @Test func scoresComeInTheOrderOfTheCriteria() {
        let criteria = ["zest", "a", "clarity"].map { Criterion(id: $0) }
        #expect(Verdict.json(["a": 1, "clarity": 2.5, "zest": 3], criteria: criteria).text == #"{"zest":3,"a":1,"clarity":2.5}"#)
    }

    /// What the schemas accept can be read, and the other way about.
    @Test func schemasFitTheirReaders() throws {
        let evaluation = try JSONSchema(VerdictSchema.evaluation(criteria: Self.criteria, scale: Scale()))
        #expect(evaluation.validate(try JSON(parsing: Self.good)).isEmpty)
        #expect(!evaluation.validate(["criteria_scores": ["clarity": 11, "hook": 1], "reasoning": ""]).isEmpty)
        #expect(try JSONSchema(EditDecisionSchema.json).validate(["approved": false, "feedback": "x", "content": nil]).isEmpty)
        let ballot = try JSONSchema(BallotSchema.json(count: 2))
        #expect(ballot.validate(["ranking": ["B", "A"], "reasoning": ""]).isEmpty)
        #expect(!ballot.validate(["ranking": ["B", "C"], "reasoning": ""]).isEmpty)
    }
}
