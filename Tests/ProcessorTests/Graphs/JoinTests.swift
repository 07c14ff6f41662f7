import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Branches, conditions and joins", .limit(minutes: 3))
struct JoinTests {
    @Test(
        "Who is passed over, and what comes after",
        arguments: [
            (
                "an if with an else", "b:completed yes:completed no:not_chosen join:completed",
                """
                  - {id: b, kind: branch, cases: [{when: "$.input.n == 3", then: "yes"}], else: "no"}
                  - {id: "yes", kind: transform, expression: "1"}
                  - {id: "no", kind: transform, expression: "1", needs: [b]}
                  - {id: join, kind: transform, expression: "1", needs: ["yes", "no"]}
                """
            ),
            (
                "an if without an else, not taken", "b:completed a:not_chosen join:completed",
                """
                  - {id: b, kind: branch, cases: [{when: "$.input.n == 4", then: a}], else: join}
                  - {id: a, kind: transform, expression: "1"}
                  - {id: join, kind: transform, expression: "1", needs: [a, b]}
                """
            ),
            (
                "an if without an else, taken", "b:completed a:completed join:completed",
                """
                  - {id: b, kind: branch, cases: [{when: "$.input.n == 3", then: a}], else: join}
                  - {id: a, kind: transform, expression: "1"}
                  - {id: join, kind: transform, expression: "1", needs: [a, b]}
                """
            ),
            (
                "nothing chosen, and all that hangs on it", "b:completed a:not_chosen c:upstream_skipped d:upstream_skipped e:completed",
                """
                  - {id: b, kind: branch, cases: [{when: "$.input.n == 4", then: a}]}
                  - {id: a, kind: transform, expression: "1"}
                  - {id: c, kind: transform, expression: "1"}
                  - {id: d, kind: transform, expression: "1", needs: [c, a]}
                  - {id: e, kind: transform, expression: "1", needs: [d, b]}
                """
            ),
            (
                "not chosen, whatever else it needs", "x:completed b:completed a:completed c:not_chosen",
                """
                  - {id: x, kind: transform, expression: "1"}
                  - {id: b, kind: branch, cases: [{when: "$.input.n == 3", then: [a]}, {when: "1 == 1", then: [a, c]}]}
                  - {id: a, kind: transform, expression: "1"}
                  - {id: c, kind: transform, expression: "1", needs: [x, b]}
                """
            ),
            (
                "a case behind the one that holds does not matter", "b:completed a:completed",
                """
                  - {id: b, kind: branch, cases: [{when: "$.input.n == 3", then: a}, {when: "1 / 0", then: a}]}
                  - {id: a, kind: transform, expression: "1"}
                """
            ),
            (
                "a failure goes before a choice", "f:bad_expression b:completed a:upstream_failed c:upstream_failed",
                """
                  - {id: f, kind: transform, expression: "1 / 0"}
                  - {id: b, kind: branch, needs: [], cases: [{when: "1 == 2", then: a}]}
                  - {id: a, kind: transform, expression: "1", needs: [b, f]}
                  - {id: c, kind: transform, expression: "1", needs: [a, b]}
                """
            ),
            (
                "a failure that may be", "f:bad_expression a:completed c:condition_false d:completed",
                """
                  - {id: f, kind: transform, expression: "1 / 0", on_failure: continue}
                  - {id: a, kind: transform, expression: "1"}
                  - {id: c, kind: transform, expression: "1", when: "$.phases.f"}
                  - {id: d, kind: transform, expression: "1", needs: [c, f], when: '$.task.phases.f.error.code == "bad_expression"'}
                """
            ),
            (
                "a failed branch chooses nothing", "b:bad_expression a:not_chosen c:completed",
                """
                  - {id: b, kind: branch, cases: [{when: "1 / 0", then: a}], else: a, on_failure: continue}
                  - {id: a, kind: transform, expression: "1"}
                  - {id: c, kind: transform, expression: "1", needs: [b]}
                """
            ),
        ] as [(String, String, String)])
    func shapes(_ name: String, expected: String, phases: String) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish("name: shapes\nversion: 1.0.0\nphases:\n" + phases)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow, input: ["n": 3])
                let isFailure = expected.contains("upstream_failed")
                #expect(try await newsroom.waitForEnd(task) == (isFailure ? "failed" : "completed"), "\(name)")
                let phases = try await newsroom.text(
                    "SELECT string_agg(key || ':' || coalesce(error ->> 'code', status), ' ' ORDER BY ordinal) FROM pressroom.phases")
                #expect(phases == expected, "\(name)")
            }
        }
    }

    @Test("Drafts go on when their edit, or the choice among them, does not take place")
    func skippedEdit() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: skipped-edit
                version: 1.0.0
                agents:
                  warm: {role: writer, model: test/m}
                  terse: {role: writer, model: test/m}
                  copy: {role: editor, model: test/m}
                  ada: {role: evaluator, model: test/m}
                phases:
                  - {id: write, kind: write, agents: [warm, terse], prompt: p}
                  - {id: edit, kind: edit, agents: [copy], when: "$.input.edits == true"}
                  - {id: judge, kind: evaluate, agents: [ada], needs: [write, edit]}
                  - {id: best, kind: select, top: 1, when: "$.input.selects == true"}
                  - {id: rank, kind: rank, agents: [ada], needs: [judge, best]}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                for (edits, selects) in [(false, false), (true, false), (false, true), (true, true)] {
                    let task = try await newsroom.start(workflow, input: ["edits": .bool(edits), "selects": .bool(selects)])
                    #expect(try await newsroom.waitForEnd(task) == "completed")
                    #expect(
                        try await newsroom.text("SELECT string_agg(DISTINCT status, ' ') FROM pressroom.outputs WHERE task_id = \(task)")
                            == "approved")
                    #expect(
                        try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE kind = 'edit' AND task_id = \(task)")
                            == (edits ? 2 : 0))
                    #expect(
                        try await newsroom.count(
                            "SELECT count(*) FROM pressroom.evaluations WHERE stage = 'final' AND task_id = \(task)")
                            == (selects ? 1 : 2))
                }
            }
        }
    }

    @Test("Lists and cycles")
    func listsAndCycles() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: cycles
                version: 1.0.0
                phases:
                  - {id: double, kind: transform, for_each: "$.input.list", expression: "$.item * 2 + $.index"}
                  - {id: empty, kind: transform, for_each: "$.input.none", expression: "$.item"}
                  - {id: some, kind: transform, for_each: "$.input.list", expression: "6 / ($.item - 2)", on_failure: continue}
                  - {id: count, kind: transform, expression: "$.iteration + 10", repeat: {max: 9, until: "$.phases.count == 13"}}
                  - {id: three, kind: transform, expression: "$.iteration", repeat: {max: 3}}
                  - {id: list, kind: transform, list: true, expression: "$.input.list[*] ? (@ > $.iteration + 2)", repeat: {max: 2}}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow, input: ["list": [1, 2, 4]])
                #expect(try await newsroom.waitForEnd(task) == "completed")
                func output(_ key: String) async throws -> JSON {
                    try JSON(parsing: try await newsroom.text("SELECT output::text FROM pressroom.phases WHERE key = \(key)"))
                }
                #expect(try await output("double") == ["items": [2, 5, 10], "errors": []])
                #expect(try await output("empty") == ["items": [], "errors": []])
                let some = try await output("some")
                #expect(some["items"]?[0]?.double == -6 && some["items"]?[1] == .null && some["items"]?[2]?.double == 3)
                #expect(some["errors"]?[0]?["index"] == 1 && some["errors"]?[0]?["code"] == "bad_expression")
                #expect(try await output("count") == 13)
                #expect(try await output("three") == 2)
                let iterations = try await newsroom.text("SELECT string_agg(iteration::text, ' ' ORDER BY ordinal) FROM pressroom.phases")
                #expect(iterations == "0 0 0 3 2 1")
                #expect(try await output("list") == [4])
            }
        }
    }

    @Test("A signal that is awaited again and again")
    func signals() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: asked-again
                version: 1.0.0
                phases:
                  - {id: approve, kind: signal, repeat: {max: 5, until: "$.phases.approve.data == true"}}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                for round in 0..<3 {
                    try await newsroom.until {
                        try await newsroom.count(
                            "SELECT count(*) FROM pressroom.steps WHERE status = 'waiting' AND input ->> 'iteration' = \(String(round))") == 1
                    }
                    try await newsroom.store.addSignal(newsroom.scope, taskID: task, name: "approve", data: .bool(round == 2))
                }
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'completed'") == 3)
                #expect(try await newsroom.text("SELECT output ->> 'data' FROM pressroom.phases") == "true")
            }
        }
    }
}
