import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

/// What every kind of phase must do.
@Suite("Every kind of phase", .limit(minutes: 5))
struct KindConformanceTests {
    @Test("has an entry in this suite")
    func complete() {
        #expect(Set(KindCases.all.map(\.kind)) == Set(PhaseKind.allCases))
    }

    @Test("names its bad attributes when the workflow is published", arguments: KindCases.all)
    func mistakes(_ kind: KindCase) throws {
        let customKinds = CustomKinds([KindCases.double.name: KindCases.double.check])
        _ = try WorkflowDefinition.parse(kind.yaml, format: .yaml, customKinds: customKinds)
        for mistake in kind.mistakes + [(kind.attributes + ", bogus: 1", "/bogus")] {
            let error = #expect(throws: ProblemList.self, "\(mistake.attributes)") {
                try WorkflowDefinition.parse(kind.yaml(mistake.attributes), format: .yaml, customKinds: customKinds)
            }
            let pointers = error?.problems.map(\.pointer) ?? []
            #expect(pointers == ["/phases/\(kind.positionOfPhase)\(mistake.pointer)"], "\(mistake.attributes)")
        }
    }

    @Test("opens, and completes with the output that its documentation says", arguments: KindCases.all)
    func completes(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            try await finish(kind, bench)
            #expect(try await bench.status(of: "it") == "completed")
            let output = try await bench.output(of: "it")
            #expect(kind.isExpected(output), "\(output)")
            #expect(try await bench.newsroom.status(bench.taskID) == "completed")
            #expect(try await bench.text("SELECT kind FROM pressroom.phases WHERE key = 'it'") == kind.name)
            try await checkRows(bench)
        }
    }

    @Test("brings nothing that templates do not know", arguments: KindCases.all)
    func templates(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            try await finish(kind, bench)
            let names = Self.names(in: try await bench.output(of: "it"), "phases.it").map { "{{\($0)}}" }.joined(separator: " ")
            let customKinds = CustomKinds([KindCases.double.name: KindCases.double.check])
            let reader = "\n  - {id: reader, kind: log, needs: [it], message: \(JSON.string(names).text)}"
            #expect(throws: Never.self, "\(names)") {
                try WorkflowDefinition.parse(kind.yaml + reader, format: .yaml, customKinds: customKinds)
            }
        }
    }

    /// The names of a value and of all in it.
    private static func names(in value: JSON, _ name: String) -> [String] {
        switch value {
        case .array(let elements): [name] + elements.indices.flatMap { names(in: elements[$0], "\(name).\($0)") }
        case .object(let members): [name] + members.flatMap { names(in: $0.value, "\(name).\($0.key)") }
        default: [name]
        }
    }

    @Test("does the same inside a sub-task, under the same name", arguments: KindCases.all)
    func completesInSubtask(_ kind: KindCase) async throws {
        try await withRunner(kind) { newsroom, runner in
            let (parent, bench) = try await Workbench.subtask(newsroom, kind.yaml, runner: runner)
            #expect(try await parent.status(of: "sub") == "waiting")
            try await finish(kind, bench)
            #expect(try await bench.status(of: "it") == "completed")
            let output = try await bench.output(of: "it")
            #expect(kind.isExpected(output), "\(output)")
            #expect(try await newsroom.status(bench.taskID) == "completed")
            #expect(
                try await bench.text("SELECT kind FROM pressroom.phases WHERE key = 'it' AND task_id = \(bench.taskID)") == kind.name)
            try await checkRows(bench)
            try await parent.advance()
            #expect(try await newsroom.status(parent.taskID) == "completed")
            #expect(try await parent.output(of: "sub")["task_id"]?.string == bench.taskID.text)
        }
    }

    @Test("tries a failed step again", arguments: KindCases.run)
    func retries(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let step = try #require(try await claimOne(bench))
            try await bench.commit(FinishedStep(step, .failed(StepFailure(code: "unavailable", message: "busy", isRetryable: true))))
            #expect(try await status(of: step, bench) == "retrying")
            try await bench.passTime()
            try await finish(kind, bench)
            #expect(try await bench.status(of: "it") == "completed")
            #expect(try await bench.text("SELECT attempt::text FROM pressroom.steps WHERE id = \(step.id)") == "2")
        }
    }

    @Test("gives up after the last attempt, with the reason; a retry of the task runs it again", arguments: KindCases.run)
    func givesUp(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let failure = StepFailure(code: "unavailable", message: "busy", isRetryable: true)
            for _ in 0..<2 {
                for step in try await bench.claim(of: "it") { try await bench.commit(FinishedStep(step, .failed(failure))) }
                try await bench.passTime()
            }
            #expect(try await bench.status(of: "it") == "failed")
            #expect(try await bench.text("SELECT error ->> 'message' FROM pressroom.phases WHERE key = 'it'").contains("busy"))
            #expect(try await bench.newsroom.status(bench.taskID) == "failed")
            try await bench.act(.retry)
            try await finish(kind, bench)
            #expect(try await bench.newsroom.status(bench.taskID) == "completed")
            try await checkRows(bench)
        }
    }

    @Test("does not try again after an error that its retry policy excludes", arguments: KindCases.run)
    func isRefused(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let step = try #require(try await claimOne(bench))
            try await bench.commit(FinishedStep(step, .failed(StepFailure(code: "refused", message: "no", isRetryable: true))))
            #expect(try await status(of: step, bench) == "failed")
            #expect(try await bench.text("SELECT attempt::text FROM pressroom.steps WHERE id = \(step.id)") == "1")
        }
    }

    @Test("is paused and resumed while it runs; the pause costs no attempt and the late result counts for nothing", arguments: KindCases.run)
    func paused(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let step = try #require(try await claimOne(bench))
            let late = try await bench.run(step)
            try await bench.act(.pause)
            #expect(try await status(of: step, bench) == "pending")
            let before = try await tables(bench)
            try await bench.commit(late)
            #expect(try await tables(bench) == before)
            try await bench.act(.resume)
            try await finish(kind, bench)
            #expect(try await bench.status(of: "it") == "completed")
            #expect(try await bench.text("SELECT (max_attempts - attempt)::text FROM pressroom.steps WHERE id = \(step.id)") == "1")
            try await checkRows(bench)
        }
    }

    @Test("is cancelled while it runs; the late result counts for nothing", arguments: KindCases.run)
    func cancelled(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let step = try #require(try await claimOne(bench))
            let late = try await bench.run(step)
            try await bench.act(.cancel)
            let before = try await tables(bench)
            try await bench.commit(late)
            #expect(try await tables(bench) == before)
            #expect(try await status(of: step, bench) == "cancelled")
            #expect(try await bench.status(of: "it") == "cancelled")
        }
    }

    @Test("is handed back by a node that stops; the attempt does not count", arguments: KindCases.run)
    func handedBack(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let step = try #require(try await claimOne(bench))
            try await bench.commit(FinishedStep(step, .handedBack))
            #expect(try await status(of: step, bench) == "pending")
            try await finish(kind, bench)
            #expect(try await bench.status(of: "it") == "completed")
            #expect(try await bench.text("SELECT (max_attempts - attempt)::text FROM pressroom.steps WHERE id = \(step.id)") == "1")
        }
    }

    @Test("survives the loss of its processor, whose late result is refused", arguments: KindCases.run)
    func takenOver(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            let lost = UUIDv7.next()
            let step = try #require(try await claimOne(bench, as: lost))
            let late = try await bench.run(step)
            try await bench.takeOver(step)
            #expect(try await status(of: step, bench) == "pending")
            // Two nodes found it lost, and one of them is late: what runs again since is left alone.
            let again = try #require(try await claimOne(bench))
            try await bench.takeOver(step)
            #expect(try await status(of: step, bench) == "running")
            try await bench.commit(try await bench.run(again))
            try await finish(kind, bench)
            #expect(try await bench.status(of: "it") == "completed")
            let before = try await tables(bench)
            try await bench.commit(late, as: lost)
            #expect(try await tables(bench) == before)
            try await checkRows(bench)
        }
    }

    @Test("is paused, resumed, and survives a restart while it waits", arguments: KindCases.waiting)
    func waits(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            try await bench.finish()
            #expect(try await bench.status(of: "it") == "waiting")
            #expect(try await bench.newsroom.status(bench.taskID) == "waiting")
            try await bench.act(.pause)
            try await bench.advance()
            #expect(try await bench.newsroom.status(bench.taskID) == "paused")
            try await bench.act(.resume)
            try await bench.advance()
            #expect(try await bench.newsroom.status(bench.taskID) == "waiting")
            try await end(kind, bench)
            #expect(try await bench.newsroom.status(bench.taskID) == "completed")
        }
    }

    @Test("that ends while it is paused goes on when it is resumed", arguments: KindCases.waiting.filter(\.canEndWhilePaused))
    func endsWhilePaused(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            try await bench.finish()
            try await bench.act(.pause)
            try await end(kind, bench)
            #expect(try await bench.newsroom.status(bench.taskID) == "paused")
            try await bench.act(.resume)
            try await bench.finish()
            #expect(try await bench.newsroom.status(bench.taskID) == "completed")
            #expect(kind.isExpected(try await bench.output(of: "it")))
        }
    }

    @Test("is cancelled while it waits, and what would have ended it changes nothing", arguments: KindCases.waiting)
    func cancelledWait(_ kind: KindCase) async throws {
        try await withBench(kind) { bench in
            try await bench.finish()
            try await bench.act(.cancel)
            try? await end(kind, bench)
            #expect(try await bench.status(of: "it") == "cancelled")
            #expect(try await bench.text("SELECT status FROM pressroom.steps WHERE task_id = \(bench.taskID)") == "cancelled")
        }
    }

    // MARK: -

    private func withBench(_ kind: KindCase, _ body: (Workbench) async throws -> Void) async throws {
        try await withRunner(kind) { newsroom, runner in
            try await body(try await Workbench(newsroom, kind.yaml, runner: runner))
        }
    }

    private func withRunner(_ kind: KindCase, _ body: (Newsroom, StepRunner) async throws -> Void) async throws {
        try await withNewsroom { newsroom in
            let model = ScriptedModel { $0.soundAnswer }
            if let other = kind.other { _ = try await newsroom.publish(other) }
            var services = StepServices(
                models: { _ in model }, web: ScriptedWebClient { _ in WebResponse(status: 200, body: Array("fine".utf8)) }, customKinds: [KindCases.double])
            services.subtasks = SubtaskPreparation(store: newsroom.store, maxDepth: 2)
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            try await body(newsroom, runner)
        }
    }

    private func end(_ kind: KindCase, _ bench: Workbench) async throws {
        try await kind.work.end?(bench)
    }

    /// Runs all that can be run, and lets happen what is waited for then.
    private func finish(_ kind: KindCase, _ bench: Workbench) async throws {
        try await bench.finish()
        try await end(kind, bench)
    }

    /// One claimed step of the phase under test; what else it has is handed back.
    private func claimOne(_ bench: Workbench, as processorID: UUID? = nil) async throws -> ClaimedStep? {
        let steps = try await bench.claim(of: "it", as: processorID)
        for step in steps.dropFirst() { try await bench.commit(FinishedStep(step, .handedBack), as: processorID) }
        return steps.first
    }

    private func status(of step: ClaimedStep, _ bench: Workbench) async throws -> String {
        try await bench.text("SELECT status FROM pressroom.steps WHERE id = \(step.id)")
    }

    /// Every row of the task, as text.
    private func tables(_ bench: Workbench) async throws -> String {
        try await bench.text(
            """
            SELECT concat((SELECT string_agg(t::text, ' ') FROM pressroom.tasks t),
                          (SELECT string_agg(p::text, ' ' ORDER BY ordinal) FROM pressroom.phases p),
                          (SELECT string_agg(s::text, ' ' ORDER BY id) FROM pressroom.steps s),
                          (SELECT string_agg(o::text, ' ' ORDER BY id) FROM pressroom.outputs o),
                          (SELECT string_agg(e::text, ' ' ORDER BY id) FROM pressroom.evaluations e),
                          (SELECT string_agg(l::text, ' ' ORDER BY id) FROM pressroom.logs l),
                          (SELECT count(*) FROM pressroom.output_versions),
                          (SELECT count(*) FROM pressroom.attempts),
                          -- What the late run had asked is kept all the same.
                          (SELECT count(*) FROM pressroom.events WHERE type <> 'call_recorded'))
            """)
    }

    /// The result of each completed step is in its own table, once.
    private func checkRows(_ bench: Workbench) async throws {
        // The service's own lines have a code.
        let logs = try await bench.count("SELECT count(*) FROM pressroom.logs WHERE metadata ->> 'code' IS NULL")
        #expect(logs == (try await bench.count("SELECT count(*) FROM pressroom.steps WHERE kind = 'log' AND status = 'completed'")))
        #expect(
            (try await bench.count("SELECT count(*) FROM pressroom.logs"))
                == (try await bench.count("SELECT count(*) FROM pressroom.events WHERE type = 'log_appended'")))
        let texts = try await bench.count("SELECT count(*) FROM pressroom.output_versions")
        #expect(
            texts == (try await bench.count("SELECT count(*) FROM pressroom.steps WHERE kind IN ('write', 'rewrite') AND status = 'completed'")))
        #expect(try await bench.count("SELECT count(*) FROM pressroom.steps WHERE status = 'completed' AND output IS NULL") == 0)
        #expect(try await bench.count("SELECT count(*) FROM pressroom.steps WHERE status = 'completed' AND completed_at IS NULL") == 0)
        #expect(
            try await bench.count(
                """
                SELECT count(*) FROM pressroom.phases
                 WHERE status = 'completed' AND (created_at <= started_at AND started_at <= completed_at) IS NOT TRUE
                """) == 0)
    }
}
