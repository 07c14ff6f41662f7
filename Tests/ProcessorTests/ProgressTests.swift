import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Progress", .limit(minutes: 3))
struct ProgressTests {
    @Test("A task that fails in its first phase has done nothing, and the phases after it name that one")
    func failedAtOnce() async throws {
        let yaml = """
            name: chain
            version: 1.0.0
            phases:
              - {id: first, kind: transform, expression: "1 / 0"}
              - {id: second, kind: transform, expression: "1"}
              - {id: third, kind: transform, expression: "1"}
              - {id: fourth, kind: transform, expression: "1", needs: [third, second]}
            """
        try await withBench(yaml, ScriptedModel { $0.soundAnswer }) { bench in
            try await bench.finish()
            #expect(try await bench.newsroom.status(bench.taskID) == "failed")
            #expect(try await progress(bench) == 0)
            let reasons = try await bench.text(
                "SELECT string_agg(DISTINCT error ->> 'message', '|') FROM pressroom.phases WHERE status = 'skipped'")
            #expect(reasons == "The phase first failed.")
        }
    }

    @Test("What was done before a failure counts, and nothing else")
    func failedLater() async throws {
        let yaml = """
            name: chain
            version: 1.0.0
            phases:
              - {id: first, kind: transform, expression: "1"}
              - {id: left_out, kind: transform, expression: "1", when: "1 == 2"}
              - {id: tolerated, kind: transform, expression: "1 / 0", needs: [first], on_failure: continue}
              - {id: broken, kind: transform, expression: "1 / 0", needs: [first]}
              - {id: last, kind: transform, expression: "1", needs: [broken]}
            """
        try await withBench(yaml, ScriptedModel { $0.soundAnswer }) { bench in
            try await bench.finish()
            #expect(try await bench.newsroom.status(bench.taskID) == "failed")
            #expect(try await progress(bench) == 0.6)
        }
    }

    @Test("A list counts its elements from the beginning, and a cycle its runs")
    func listsAndCycles() async throws {
        let yaml = """
            name: lists
            version: 1.0.0
            agents:
              ada: {role: reviewer, model: test/m}
            phases:
              - {id: each, kind: agent, agents: [ada], for_each: "$.input.items[*]", concurrency: 1, prompt: "{{item}}"}
              - {id: again, kind: agent, agents: [ada], prompt: p, repeat: {max: 3}}
            """
        try await withBench(yaml, ScriptedModel { $0.soundAnswer }, input: ["items": [1, 2, 3, 4]]) { bench in
            try await bench.advance()
            var seen: [Double] = []
            while case let steps = try await bench.claim(), !steps.isEmpty {
                for step in steps {
                    try await bench.commit(try await bench.run(step))
                    seen.append(try await progress(bench))
                }
            }
            #expect(seen == [0.112, 0.225, 0.337, 0.5, 0.65, 0.8, 1])
        }
    }

    @Test("It never falls and never exceeds what is done; 1 is kept for the task's completion")
    func editorial() async throws {
        // The first verdict of each judge sends a draft back, so that the numbers of steps are not known before.
        let model = ScriptedModel { call in
            guard call.request.schema?.name == "edit_decision", call.repetition == 1, call.prompt.contains("draft by warm") else {
                return call.soundAnswer
            }
            return #"{"approved": false, "feedback": "again", "content": null}"#
        }
        try await withBench(Definitions.editorial, model) { bench in
            try await bench.advance()
            var last = 0.0
            var isFirst = true
            while case let steps = try await bench.claim(), !steps.isEmpty {
                for step in steps {
                    try await bench.commit(try await bench.run(step))
                    let progress = try await progress(bench)
                    let isOver = try await bench.newsroom.status(bench.taskID) == "completed"
                    #expect(progress >= last)
                    #expect((progress == 1) == isOver, "\(progress)")
                    #expect(progress <= (try await share(bench)) + 1e-9)
                    if isFirst { #expect(progress == 0.06, "one of three drafts, in the first of five phases") }
                    (last, isFirst) = (progress, false)
                }
            }
            #expect(last == 1)
        }
    }

    /// The most that may be shown: closed phases count whole; an open one counts its completed steps, of at least as many
    /// as its drafts, and its judges for each draft.
    private func share(_ bench: Workbench) async throws -> Double {
        let text = try await bench.text(
            """
            SELECT avg(CASE WHEN p.status = 'completed' THEN 1.0
                            WHEN p.key = 'finalists' THEN 0.0
                            ELSE least(1.0, s.done / CASE p.key WHEN 'judge' THEN 6.0 WHEN 'rank' THEN 2.0 ELSE 3.0 END) END)::text
              FROM pressroom.phases p
              CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE s.status = 'completed'
                                                            AND (p.key <> 'edit' OR s.output ->> 'done' = 'true')) AS done
                                    FROM pressroom.steps s WHERE s.phase_id = p.id) s
            """)
        return Double(text) ?? -1
    }

    private func progress(_ bench: Workbench) async throws -> Double {
        Double(try await bench.text("SELECT progress::text FROM pressroom.tasks WHERE task_id = \(bench.taskID)")) ?? -1
    }

    private func withBench(
        _ yaml: String, _ model: ScriptedModel, input: JSON = ["topic": "tests"], _ body: (Workbench) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let runner = StepRunner(
                services: StepServices(models: { _ in model }), texts: TextsInProgress { _ in }, logger: newsroom.logger)
            try await body(try await Workbench(newsroom, yaml, input: input, runner: runner))
        }
    }
}
