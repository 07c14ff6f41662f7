import Base
import Foundation
import Postgres
import Store
import Workflow

@testable import Processor

/// One entry a kind: a new kind is not finished before it stands here and passes.
enum KindCases {
    private static let write = #"{id: write, kind: write, agents: [warm, terse], prompt: "On {{topic}}."}"#
    private static let judge = "{id: judge, kind: evaluate, agents: [ada]}"

    /// A kind as an embedding program would bring it.
    static let double = RegisteredKind(
        name: "test.double",
        check: { attributes in
            attributes.object.map { $0.keys.sorted() }?.filter { $0 != "n" }.map { Problem(pointer: "/\($0)", detail: "is not known") } ?? []
        },
        run: { call in ["doubled": .integer(Int64(2 * (call.attributes["n"]?.int ?? 0))), "topic": .string(try call.render("{{topic}}"))] })

    static let all: [KindCase] = [
        KindCase(
            kind: .write, attributes: #"agents: [warm], prompt: "On {{topic}}.""#, work: .run,
            isExpected: { $0["outputs"]?[0]?["content"]?.string?.isEmpty == false },
            mistakes: [("agents: [warm]", "/prompt"), (#"agents: [], prompt: x"#, "/agents")]),
        KindCase(
            kind: .edit, attributes: "agents: [copy]", before: [write], work: .run,
            isExpected: { $0["outputs"]?.array?.count == 2 && $0["outputs"]?[0]?["status"] == "approved" },
            mistakes: [("agents: [copy], max_cycles: 0", "/max_cycles"), ("agents: [nobody]", "/agents/0")]),
        KindCase(
            kind: .evaluate, attributes: "agents: [ada]", before: [write], work: .run,
            isExpected: { $0["ranking"]?.array?.count == 2 && $0["ranking"]?[0]?["rank"] == 1 },
            mistakes: [("agents: [ada], stage: last", "/stage")]),
        KindCase(
            kind: .select, attributes: "top: 1", before: [write, judge], work: .instant,
            isExpected: { $0["outputs"]?.array?.count == 1 }, mistakes: [("top: 0", "/top")]),
        KindCase(
            kind: .rank, attributes: "agents: [ada]", before: [write, judge], work: .run,
            isExpected: { $0["ranking"]?.array?.count == 2 && $0["ranking"]?[0]?["total_score"] == 100 },
            mistakes: [("agents: [ada], points: []", "/points")]),
        KindCase(
            kind: .signal, attributes: "name: go",
            work: .wait { bench in
                try await bench.newsroom.store.addSignal(bench.newsroom.scope, taskID: bench.taskID, name: "go", data: ["by": "ada"])
                try await bench.advance()
            },
            isExpected: { $0 == ["signal": "go", "data": ["by": "ada"]] }, mistakes: [("name: 'No name'", "/name")]),
        KindCase(
            kind: .agent, attributes: #"agents: [warm], prompt: "On {{topic}}.""#, work: .run,
            isExpected: { $0["output"]?.string?.isEmpty == false && $0["agent"] == "warm" && $0["usage"]?["total_tokens"] == 15 },
            mistakes: [("agents: [warm, terse], prompt: x", "/agents"), ("agents: [warm], prompt: x, output: {type: array}", "/output")]),
        KindCase(
            kind: .delay, attributes: "for: 1h", work: .wait { try await $0.passTime() },
            isExpected: { $0 == ["for": "1h"] }, mistakes: [("for: soon", "/for"), ("", ""), ("until: later", "/until")]),
        KindCase(
            kind: .log, attributes: #"level: warning, message: "On {{topic}}.""#, work: .run,
            isExpected: { $0 == ["level": "warning", "message": "On tests."] },
            mistakes: [("message: ' '", "/message"), ("message: x, level: loud", "/level")]),
        KindCase(
            kind: .custom, customName: "test.double", attributes: "n: 21", work: .run,
            isExpected: { $0 == ["doubled": 42, "topic": "tests"] }, mistakes: [("n: 1, m: 2", "/m"), ("n: 1, timeout: x", "/timeout")]),
        KindCase(
            kind: .transform, attributes: #"expression: "$.input.topic""#, work: .instant, isExpected: { $0 == "tests" },
            mistakes: [("list: true", "/expression"), (#"expression: "$.a", list: 1"#, "/list")]),
        KindCase(
            kind: .branch, attributes: #"cases: [{when: '$.input.topic == "tests"', then: hit}], else: miss"#,
            after: ["{id: hit, kind: log, message: hit, needs: [it]}", "{id: miss, kind: log, message: miss, needs: [it]}"], work: .instant,
            isExpected: { $0 == ["case": 0, "chosen": ["hit"]] }, mistakes: [("cases: []", "/cases"), ("else: miss", "/cases")]),
        KindCase(
            kind: .human, attributes: #"title: "Approve {{topic}}", form: {type: object, required: [ok]}"#,
            work: .wait { bench in
                let rows = try await bench.newsroom.client.query(
                    "SELECT id FROM pressroom.human_tasks WHERE status = 'pending' ORDER BY id DESC LIMIT 1")
                guard let id = try rows.first?.decode("id", as: UUID.self) else { throw CancellationError() }
                _ = try await bench.newsroom.store.actOnHumanTask(bench.newsroom.scope, id, .complete(["ok": true]))
                try await bench.advance()
            },
            canEndWhilePaused: false,  // a pause withdraws the question
            isExpected: { $0 == ["response": ["ok": true], "completed_by": "local"] },
            mistakes: [("form: {type: object}", "/title"), ("title: x, form: {type: strng}", "/form/type")]),
        KindCase(
            kind: .http, attributes: #"url: "https://api.example.com/{{topic}}", method: POST, body: {a: "{{topic}}"}"#, work: .run,
            isExpected: { $0 == ["status": 200, "headers": [:], "body": "fine"] },
            mistakes: [
                ("url: 'ftp://example.com'", "/url"), ("method: FETCH, url: 'https://example.com'", "/method"),
                ("url: 'https://example.com', headers: {Host: x}", "/headers/Host"),
                ("url: 'https://example.com', headers: {'a b': x}", "/headers/a b"),
                ("url: 'https://example.com', expect: [99]", "/expect/0"),
                ("url: 'https://example.com', max_bytes: 0", "/max_bytes"),
                ("url: 'https://example.com', body: x", "/body"),
                ("url: 'https://example.com', headers: {a: {secret: lower}}", ""),
            ]),
        KindCase(
            kind: .workflow, attributes: #"name: child, input: {about: "{{topic}}"}"#, other: child,
            work: .runAndWait { try await $0.endChild() },
            isExpected: { output in
                output["task_id"]?.string?.isEmpty == false && output["phase"] == "hold"
                    && output["output"] == ["signal": "go", "data": ["by": "ada"]]
            },
            mistakes: [
                ("input: {a: 1}", "/name"), ("name: 'No name'", "/name"), ("name: child, version: one", "/version"),
                ("name: child, input: {a: '{{'}", "/input/a"),
            ]),
    ]

    /// The sub-task of a `workflow` phase.
    private static let child = """
        name: child
        version: 1.0.0
        input: {type: object, required: [about], properties: {about: {const: tests}}}
        phases:
          - {id: hold, kind: signal, name: go}
        """

    static var run: [KindCase] { all.filter(\.work.isRun) }

    static var waiting: [KindCase] { all.filter { $0.work.end != nil } }
}
