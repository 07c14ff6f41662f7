import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Judging", .limit(minutes: 3))
struct JudgingTests {
    @Test("An unreadable verdict is retried, then it is a failed evaluation that the ranking leaves out and counts")
    func unreadableVerdicts() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call in
                call.agent == "bob" && call.request.schema?.name == "evaluation" ? "I'd say 8 out of 10!" : call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let bob = "stage = 'initial' AND evaluator ->> 'slug' = 'bob'"
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE \(raw: bob) AND status = 'failed'") == 3)
                #expect(
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.evaluations WHERE \(raw: bob) AND (score IS NOT NULL OR weighted_score IS NOT NULL)")
                        == 0)
                #expect(
                    try await newsroom.text(
                        "SELECT DISTINCT error ->> 'code' FROM pressroom.evaluations WHERE \(raw: bob)") == "invalid_response")
                #expect(
                    try await newsroom.text(
                        "SELECT evaluations_counted || ' ' || evaluations_failed FROM pressroom.rankings WHERE stage = 'initial'")
                        == "3 3")
                #expect(try await newsroom.count("SELECT max(attempt) FROM pressroom.steps WHERE agent = 'bob' AND kind = 'evaluate'") == 3)
                #expect(try await newsroom.text("SELECT DISTINCT initial_avg_score::text FROM pressroom.outputs") == "7")
            }
        }
    }

    @Test("When no judge can be read the task fails, and a retry takes it up there")
    func nobodyReadable() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let isMended = Flag()
            let model = ScriptedModel { call in
                call.request.schema?.name == "evaluation" && !isMended.isSet ? "no JSON here" : call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'phase' FROM pressroom.tasks") == "judge")
                #expect(
                    try await newsroom.text("SELECT DISTINCT error ->> 'code' FROM pressroom.phases WHERE status = 'skipped'")
                        == "upstream_failed")
                isMended.set()
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == 3)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.evaluations WHERE status <> 'completed'") == 0)
            }
        }
    }

    @Test("Ballots count points, and the agreement of judges who order alike is 1")
    func ballots() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call in
                guard call.request.schema?.name == "ballot" else { return call.soundAnswer }
                // Both judges prefer the draft by 'warm', under whichever label they see it.
                let first = call.prompt.range(of: "draft by warm")?.lowerBound
                let labelB = call.prompt.range(of: "label=\"B\"")?.lowerBound
                let prefersA = first.flatMap { warm in labelB.map { warm < $0 } } ?? true
                return prefersA ? #"{"ranking": ["A", "B"], "reasoning": ""}"# : #"{"ranking": ["B", "A"], "reasoning": ""}"#
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT track FROM pressroom.outputs WHERE final_rank = 1") == "warm")
                #expect(try await newsroom.text("SELECT final_total_score::text FROM pressroom.outputs WHERE final_rank = 1") == "200")
                #expect(try await newsroom.text("SELECT final_total_score::text FROM pressroom.outputs WHERE final_rank = 2") == "120")
                #expect(try await newsroom.text("SELECT agreement::text FROM pressroom.rankings WHERE stage = 'final'") == "1")
                #expect(try await newsroom.text("SELECT result -> 'winner' ->> 'track' FROM pressroom.tasks") == "warm")
            }
        }
    }
}
