import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Methods of ranking", .limit(minutes: 3))
struct RankMethodTests {
    /// Three writers, three judges of whom one writes too, and a rank phase with these attributes.
    private static func definition(_ attributes: String) -> String {
        """
        name: contest
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/a}
          terse: {role: writer, model: test/b}
          plain: {role: writer, model: [test/c, test/d]}
          ada: {role: evaluator, model: test/x}
          bob: {role: evaluator, model: test/y}
          cho: {role: evaluator, model: [test/z, test/d]}
        phases:
          - {id: write, kind: write, agents: [warm, terse, plain], prompt: "Write on {{topic}}."}
          - {id: rank, kind: rank, \(attributes), retry: {initial: 1ms, max: 2ms}}
        """
    }

    /// Every judge thinks most of `warm`, then of `terse`; and of `plain` least.
    private static let taste = ["warm", "terse", "plain"]

    private static func answer(_ call: ScriptedModel.Call) -> String {
        guard let schema = call.request.schema else { return "The draft by \(call.agent)." }
        let seen = taste.compactMap { writer in call.prompt.range(of: "draft by \(writer)").map { (writer, $0.lowerBound) } }
        // The labels stand in the order of the candidates.
        let labels = Dictionary(
            uniqueKeysWithValues: zip(seen.sorted { $0.1 < $1.1 }.map(\.0), BallotLabel.first(seen.count)))
        let order = taste.compactMap { labels[$0] }
        if schema.name == "ballot" {
            return JSON.object(["ranking": .array(order.map(JSON.string)), "reasoning": "taste"]).text
        }
        let scores = order.enumerated().reduce(into: JSONObject()) { scores, place in
            scores[place.element] = ["clarity": .integer(Int64(9 - place.offset)), "hook": .integer(Int64(6 - place.offset))]
        }
        return JSON.object(["scores": .object(scores), "reasoning": "taste"]).text
    }

    private func run(
        _ attributes: String, _ body: @Sendable (Newsroom, UUID) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Self.definition(attributes))
            try await newsroom.withProcessor(ScriptedModel { Self.answer($0) }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                try await body(newsroom, task)
            }
        }
    }

    private static let order: PostgresQuery =
        "SELECT string_agg(track || ' ' || round(final_total_score::numeric, 3), ', ' ORDER BY final_rank) FROM pressroom.outputs"
    private static let ranking: PostgresQuery = "SELECT method || ' ' || agreement || ' ' || evaluations_counted FROM pressroom.rankings"

    @Test func borda() async throws {
        try await run("agents: [ada, bob, cho], method: borda") { newsroom, _ in
            let order = try await newsroom.text(Self.order)
            #expect(order == "warm 6.000, terse 3.000, plain 0.000")
            #expect(try await newsroom.text(Self.ranking) == "borda 1 9")
            #expect(
                try await newsroom.text("SELECT string_agg(DISTINCT rank || ':' || weighted_score, ' ') FROM pressroom.evaluations")
                    == "1:2 2:1 3:0")
        }
    }

    @Test(arguments: ["ballots", "pairs"]) func bradleyTerry(comparisons: String) async throws {
        try await run("agents: [ada, bob], method: bradley_terry, comparisons: \(comparisons)") { newsroom, _ in
            // Every comparison went the same way, so the weak prior makes the strengths finite.
            let fit = BradleyTerry.fit(wins: [[0, 2, 2], [0, 0, 2], [0, 0, 0]])
            let names = ["warm", "terse", "plain"]
            let expected = zip(names, fit.strengths).map { "\($0) \(String(format: "%.3f", $1))" }.joined(separator: ", ")
            let order = try await newsroom.text(Self.order)
            #expect(order == expected)
            // Two judges, on one ballot of three each, or on three of two.
            #expect(try await newsroom.text(Self.ranking) == "bradley_terry 1 \(comparisons == "pairs" ? 12 : 6)")
            #expect(
                try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE kind = 'rank'") == (comparisons == "pairs" ? 6 : 2))
            #expect(
                try await newsroom.text(
                    "SELECT (output -> 'fit' ->> 'converged') || (output -> 'fit' ->> 'prior') FROM pressroom.phases WHERE key = 'rank'")
                    == "truetrue")
            #expect(
                try await newsroom.text(
                    "SELECT string_agg(entry ->> 'first_places', ' ' ORDER BY n) FROM pressroom.rankings, json_array_elements(entries) WITH ORDINALITY AS e (entry, n)")
                    == "2 0 0")
        }
    }

    @Test func mean() async throws {
        try await run("agents: [ada, bob], method: mean, criteria: [{id: clarity, weight: 2}, {id: hook}]") { newsroom, _ in
            let order = try await newsroom.text(Self.order)
            #expect(order == "warm 16.000, terse 14.000, plain 12.000")
            #expect(try await newsroom.text(Self.ranking) == "mean 1 6")
            #expect(
                try await newsroom.text(
                    """
                    SELECT string_agg(DISTINCT rank || ' ' || score || ' ' || (criteria_scores ->> 'clarity') || ' '
                           || round(weighted_score::numeric, 3), ', ') FROM pressroom.evaluations
                    """) == "1 8 9 0.778, 2 7 8 0.667, 3 6 7 0.556")
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE usage::text <> '{}'") == 2)
        }
    }

    @Test func judgesSeeTheFinalistsInDifferentOrders() async throws {
        try await run("agents: [ada, bob]") { newsroom, _ in
            let orders = try await newsroom.client.query("SELECT input ->> 'candidates' AS c FROM pressroom.steps WHERE kind = 'rank'")
                .map { try JSON(parsing: try $0.decode("c", as: String.self)).array ?? [] }
            #expect(orders.count == 2)
            #expect(orders.first == orders.last?.reversed())
        }
    }

    @Test func aJudgeIsKeptFromItsOwnDraft() async throws {
        // warm judges too; cho has a model in common with plain.
        try await run("agents: [ada, warm, cho], method: borda, exclude_own: true") { newsroom, _ in
            let seen = try await newsroom.text(
                """
                SELECT string_agg(evaluator ->> 'slug' || '-' || track, ' ' ORDER BY evaluator ->> 'slug', track)
                  FROM pressroom.evaluations e JOIN pressroom.outputs o ON o.id = e.output_id
                """)
            #expect(seen == "ada-plain ada-terse ada-warm cho-terse cho-warm warm-plain warm-terse")
            // warm: 2 from ada and 2 from cho, scaled to three; terse: 1, 2 and 0; plain: 0.
            #expect(try await newsroom.text(Self.order) == "warm 6.000, terse 3.000, plain 0.000")
            #expect(try await newsroom.text(Self.ranking) == "borda 1 7")
        }
    }

    @Test func ownPairsAreNotAsked() async throws {
        try await run("agents: [ada, warm], method: bradley_terry, comparisons: pairs, exclude_own: true") { newsroom, _ in
            let asked = try await newsroom.text("SELECT string_agg(agent, ' ' ORDER BY agent) FROM pressroom.steps WHERE kind = 'rank'")
            #expect(asked == "ada ada ada warm")
            #expect(try await newsroom.text("SELECT string_agg(track, ' ' ORDER BY final_rank) FROM pressroom.outputs") == "warm terse plain")
        }
    }

    @Test func evaluationsLeaveOutOwnDrafts() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: scores
                version: 1.0.0
                agents:
                  warm: {role: writer, model: test/a}
                  terse: {role: writer, model: test/b}
                phases:
                  - {id: write, kind: write, agents: [warm, terse], prompt: "Write on {{topic}}."}
                  - {id: judge, kind: evaluate, agents: [warm], exclude_own: true}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                // Nobody scored warm's draft: no score is made up for it, and it comes last.
                #expect(
                    try await newsroom.text(
                        "SELECT string_agg(track || ' ' || initial_rank || ' ' || coalesce(initial_avg_score::text, '-'), ', ' ORDER BY initial_rank) FROM pressroom.outputs")
                        == "terse 1 7, warm 2 -")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations") == 1)
                #expect(
                    try await newsroom.text("SELECT entries -> 1 ->> 'avg_score' IS NULL FROM pressroom.rankings") == "t")
            }
        }
    }

    @Test func whereNothingIsLeftToCompareThePhaseSaysSo() async throws {
        try await withNewsroom { newsroom in
            // Only terse's draft comes through, and nobody else judges.
            let workflow = try await newsroom.publish(
                """
                name: own
                version: 1.0.0
                agents:
                  warm: {role: writer, model: test/a}
                  terse: {role: writer, model: test/b}
                phases:
                  - {id: write, kind: write, agents: [warm, terse], prompt: "Write on {{topic}}.", retry: {max_attempts: 1}}
                  - {id: rank, kind: rank, agents: [terse], exclude_own: true}
                """)
            let model = ScriptedModel { call throws(ProviderError) in
                if call.agent == "warm" { throw ProviderError(code: .refused, message: "no") }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.phases WHERE key = 'rank'") == "no_ballots")
                #expect(
                    try await newsroom.text("SELECT error ->> 'message' FROM pressroom.phases WHERE key = 'rank'")
                        == "There was nothing for the judges to compare.")
            }
        }
    }
}
