import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Expressions", .limit(minutes: 3))
struct ExpressionTests {
    @Test(
        "What holds, and what does not",
        arguments: [
            ("$.input.n == 3", true), ("$.input.n > 3", false), ("$.input.missing > 3", false), ("$.input.yes", true),
            ("$.input.no", false), ("$.input.nothing", false), ("$.input.missing", false), ("$.input.list[*] ? (@ > 2)", true),
            ("$.input.list[*] ? (@ > 3)", false), ("exists($.input.list)", true), ("$.input.text == 5", false),
            ("$.input.n", true), ("$.input.empty", true), ("$.task.phase == \"asked\"", true),
            ("$.context.tenant_id == \"default\"", true), ("$.phases.first.v == 1", true), ("$.phases.skipped", false),
            ("$.task.phases.skipped.status == \"skipped\"", true), ("$.phases.beside", false),
            // Inside a comparison what fails is unknown.
            ("1 / 0 == 1", false), ("!(1 / 0 == 1)", false), ("(1 / 0 == 1) is unknown", true), ("strict $.input.missing == 1", false),
        ])
    func truth(_ path: String, _ expected: Bool) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: truth
                version: 1.0.0
                phases:
                  - {id: beside, kind: transform, expression: "1", needs: []}
                  - {id: first, kind: transform, expression: '$.input.first', needs: []}
                  - {id: skipped, kind: transform, expression: "2", when: "1 == 2"}
                  - {id: asked, kind: transform, expression: "3", needs: [first, skipped], when: \(JSON.string(path).text)}
                """)
            let input: JSON = [
                "n": 3, "yes": true, "no": false, "nothing": nil, "list": [1, 2, 3], "text": "3", "empty": "", "first": ["v": 1],
            ]
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow, input: input)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let status = try await newsroom.text("SELECT status FROM pressroom.phases WHERE key = 'asked'")
                #expect(status == (expected ? "completed" : "skipped"))
                let code = try await newsroom.text("SELECT error ->> 'code' FROM pressroom.phases WHERE key = 'asked'")
                #expect(code == (expected ? "" : "condition_false"))
            }
        }
    }

    @Test(
        "An expression that fails, fails its phase and nothing else",
        arguments: [
            ("when: 'strict $.input.missing', expression: '1'", "does not contain key"),
            ("expression: '1 / 0'", "division by zero"),
            ("expression: '$.input.double()'", "double()"),
            ("for_each: '1 / 0', expression: '$.item'", "division by zero"),
            ("for_each: '$.input.list', max_items: 2, expression: '$.item'", "The list has 3 elements; max_items allows 2."),
            ("for_each: '$.input.list', expression: '1 / ($.item - 2)'", "Item 2: "),
            ("repeat: {max: 2, until: '1 / 0'}, expression: '1'", "division by zero"),
        ])
    func failures(_ attributes: String, _ message: String) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: failing
                version: 1.0.0
                phases:
                  - {id: bad, kind: transform, needs: [], \(attributes)}
                  - {id: after, kind: transform, expression: "1"}
                  - {id: good, kind: transform, needs: [], expression: "$.input.list"}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow, input: ["list": [1, 2, 3]])
                #expect(try await newsroom.waitForEnd(task) == "failed")
                let bad = try await newsroom.text("SELECT status || ' ' || (error ->> 'message') FROM pressroom.phases WHERE key = 'bad'")
                #expect(bad.hasPrefix("failed") && bad.contains(message), "\(bad)")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.phases WHERE key = 'after'") == "upstream_failed")
                #expect(try await newsroom.text("SELECT output::text FROM pressroom.phases WHERE key = 'good'") == "[1,2,3]")
                // What cannot be evaluated cannot be evaluated again; but it is tried.
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "failed")
            }
        }
    }

    @Test("A retry evaluates anew what had failed")
    func retry() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: retried
                version: 1.0.0
                phases:
                  - {id: odd, kind: transform, when: "$.input.n / $.input.d", expression: "$.input.n"}
                  - {id: after, kind: transform, expression: "$.phases.odd + 1"}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow, input: ["n": 4, "d": 0])
                #expect(try await newsroom.waitForEnd(task) == "failed")
                _ = try await newsroom.client.query("UPDATE pressroom.tasks SET input = '{\"n\": 4, \"d\": 2}'")
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT output::text FROM pressroom.phases WHERE key = 'after'") == "5")
            }
        }
    }

    @Test("Expressions are bounded in time, in bytes and in their number a transaction")
    func bounds() async throws {
        try await withPostgresClient(migrated: true, maxConnections: 8) { client in
            var limits = ExpressionLimits()
            limits.timeout = .milliseconds(200)
            limits.maxBytes = 1_000
            limits.rounds = 2
            let newsroom = try await Newsroom(
                client: client, logger: PostgresServer.shared().logger, expressionLimits: limits)
            let slow = "$.input.list[*] ? (exists($.input.list[*] ? (@ == -1)))"
            let workflow = try await newsroom.publish(
                """
                name: bounded
                version: 1.0.0
                phases:
                  - {id: large, kind: transform, expression: "$.input.list", on_failure: continue}
                  - {id: slow, kind: transform, expression: "\(slow)", on_failure: continue, needs: []}
                  - {id: slower, kind: transform, expression: "\(slow)", on_failure: continue, needs: []}
                  - {id: a, kind: transform, expression: "1", needs: []}
                  - {id: b, kind: transform, expression: "$.phases.a + 1"}
                  - {id: c, kind: transform, expression: "$.phases.b + 1"}
                  - {id: d, kind: transform, expression: "$.phases.c + 1", repeat: {max: 10, until: "$.iteration == 6"}}
                """)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let list = JSON.array((0..<5_000).map { .integer(Int64($0)) })
                let task = try await newsroom.start(workflow, input: ["list": list])
                #expect(try await newsroom.waitForEnd(task) == "completed")
                func message(_ key: String) async throws -> String {
                    try await newsroom.text("SELECT error ->> 'message' FROM pressroom.phases WHERE key = \(key)")
                }
                #expect(try await message("large").contains("more than 1000 bytes"))
                #expect(try await message("slow").contains("takes too long"))
                #expect(try await message("slower").contains("takes too long"))
                #expect(try await newsroom.text("SELECT output::text || ' ' || iteration FROM pressroom.phases WHERE key = 'd'") == "4 6")
            }
        }
    }

    @Test("What is wrong with expressions is found before anything is published")
    func problems() async throws {
        try await withNewsroom { newsroom in
            let definition = try WorkflowDefinition.parse(
                """
                name: wrong
                version: 1.0.0
                phases:
                  - {id: first, kind: transform, expression: '$.input.'}
                  - {id: second, kind: transform, expression: '$.phases.frist', when: '$.phases.second'}
                  - {id: third, kind: branch, cases: [{when: '$.task.phases.fourth.status == "failed"', then: fourth}]}
                  - {id: fourth, kind: transform, expression: '$.phases.fourth', repeat: {max: 2, until: '"$.phases.none" == $.phases.first ??'}}
                  - {id: fifth, kind: transform, for_each: '$.phases.third.chosen', expression: '"$.\\"phases\\".\\"none\\"" == $.item'}
                """, format: .yaml)
            let problems = try await newsroom.store.expressionProblems(definition)
            let expected = [
                ("/phases/0/expression", "is not a valid SQL/JSON path: "), ("/phases/1/when", "reads the phase 'second', which does not"),
                ("/phases/1/expression", "reads the phase 'frist', which does not come before it; did you mean 'first'?"),
                ("/phases/2/cases/0/when", "reads the phase 'fourth'"), ("/phases/3/repeat/until", "is not a valid SQL/JSON path: "),
            ]
            #expect(problems.map(\.pointer) == expected.map(\.0))
            for (problem, expected) in zip(problems, expected) { #expect(problem.detail.hasPrefix(expected.1), "\(problem)") }
        }
    }
}
