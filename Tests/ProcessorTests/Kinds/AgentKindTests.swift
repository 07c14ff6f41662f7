import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("agent, log and delay phases", .limit(minutes: 3))
struct AgentKindTests {
    private static let chain = """
        name: chain
        version: 1.0.0
        agents:
          scout: {role: reader, model: test/m, system: Be brief.}
          sage: {role: reader, model: test/m}
        phases:
          - id: triage
            kind: agent
            agents: [scout]
            prompt: "Label {{topic}}."
            retry: {max_attempts: 2, initial: 1m, max: 1m}
            output:
              type: object
              required: [label, urgent]
              properties: {label: {enum: [bug, wish]}, urgent: {type: boolean}, note: {type: string}}
          - {id: answer, kind: agent, agents: [sage], prompt: "It is a {{phases.triage.output.label}}: {{step_0_output}}"}
          - {id: note, kind: log, level: debug, message: "{{step_1_output}}, said {{phases.answer.agent}}"}
        """

    @Test("An answer that follows the schema is JSON for the phases after it; its tokens stand in the row")
    func chain() async throws {
        let model = ScriptedModel { call in
            call.request.schema == nil
                ? "Fixed, thanks."
                : "<think>{\"label\": 1}</think> Here it is: ```json\n{\"label\": \"bug\", \"urgent\": true}\n```"
        }
        try await run(Self.chain, model) { bench in
            try await bench.finish()
            let output = try await bench.output(of: "triage")
            #expect(output["output"] == ["label": "bug", "urgent": true])
            #expect(output["usage"]?["total_tokens"] == 15)
            let requests = model.requests
            #expect(requests[0].schema?.schema["required"] == ["label", "urgent"] && requests[0].schema?.isClosed == false)
            #expect(requests[0].messages.first?.content == "Be brief.")
            #expect(requests[0].messages.last?.content.contains(#""enum":["bug","wish"]"#) == true)
            #expect(requests[1].messages.last?.content == #"It is a bug: {"label":"bug","urgent":true}"#)
            #expect(try await bench.text("SELECT message FROM pressroom.logs") == "Fixed, thanks., said sage")
            #expect(try await bench.text("SELECT level FROM pressroom.logs") == "debug")
            #expect(try await bench.count("SELECT count(*) FROM pressroom.outputs") == 0)
        }
    }

    @Test("A schema is sent, and an answer kept, in the order of its author")
    func order() async throws {
        let schema =
            #"{"type":"object","required":["zone","by"],"properties":{"zone":{"type":"string","minLength":1},"by":{"type":"integer"},"#
            + #""a_long_name":{"properties":{"y":{},"b":{}}}}}"#
        let answer = #"{"zone":"z","by":18446744073709551615,"a_long_name":{"y":1,"b":2}}"#
        let yaml = """
            name: ordered
            version: 1.0.0
            agents:
              ada: {role: reader, model: test/m}
            phases:
              - {id: it, kind: agent, agents: [ada], prompt: Go., output: \(schema)}
              - {id: after, kind: log, message: "{{phases.it.output}}"}
            """
        let model = ScriptedModel { _ in answer }
        try await run(yaml, model) { bench in
            try await bench.finish()
            #expect(model.requests.first?.schema?.schema.text == schema)
            #expect(model.requests.first?.messages.last?.content.hasSuffix(schema) == true)
            #expect(try await bench.text("SELECT output ->> 'output' FROM pressroom.phases WHERE key = 'it'") == answer)
            #expect(try await bench.text("SELECT message FROM pressroom.logs") == answer)
        }
    }

    @Test("An answer that breaks the schema is tried again, and is never made up", arguments: [
        #"{"label": "chat", "urgent": true}"#, #"{"label": "bug"}"#, "It is a bug.", #"{"label": "bug", "urgent": "#,
    ])
    func invalid(answer: String) async throws {
        let model = ScriptedModel { call in call.repetition == 1 ? answer : #"{"label": "wish", "urgent": false}"# }
        try await run(Self.chain, model) { bench in
            try await bench.finish()
            #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.steps") == "invalid_response")
            try await bench.passTime()
            try await bench.finish()
            #expect(try await bench.output(of: "triage")["output"]?["label"] == "wish")
        }
        let stubborn = ScriptedModel { _ in answer }
        try await run(Self.chain, stubborn) { bench in
            try await bench.finish()
            try await bench.passTime()
            try await bench.finish()
            #expect(try await bench.status(of: "triage") == "failed")
            #expect(try await bench.status(of: "answer") == "skipped")
            #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.tasks") == "invalid_response")
        }
    }

    @Test("A message of a log is cut where it would be too long, and has no U+0000")
    func longLog() async throws {
        let yaml = "name: l\nversion: 1.0.0\nphases: [{id: it, kind: log, message: '{{text}}'}]"
        try await run(yaml, input: ["text": .string(String(repeating: "é", count: 70_000))]) { bench in
            try await bench.finish()
            #expect(try await bench.count("SELECT length(message) FROM pressroom.logs") == 65_536)
        }
    }

    @Test("A delay until the last time that there is does not lead out of the year 9999")
    func untilTheEnd() async throws {
        let yaml = "name: d\nversion: 1.0.0\nphases: [{id: it, kind: delay, until: '9999-12-31T23:59:59.999999Z'}]"
        try await run(yaml, input: [:]) { bench in
            try await bench.finish()
            #expect(try await bench.status(of: "it") == "waiting")
            let fits = try await bench.text(
                "SELECT (run_at BETWEEN '9999-12-31T23:59:59.9Z' AND '9999-12-31T23:59:59.999999Z')::text FROM pressroom.steps")
            #expect(fits == "true")
        }
    }

    @Test("A delay until a time: of a template, in the past, in no form at all", arguments: [
        ("{{at}}", "2020-01-01T00:00:00Z", "completed"), ("2020-01-01T00:00:00+02:00", "", "completed"),
        (" {{at}} ", "2999-12-31T23:59:59Z", "waiting"), ("{{at}}", "tomorrow", "failed"), ("{{none}}", "", "failed"),
        ("{{at}}", "9999-12-31T23:59:59-23:59", "failed"),
    ])
    func until(until: String, at: String, status: String) async throws {
        let yaml = "name: d\nversion: 1.0.0\nphases: [{id: it, kind: delay, until: '\(until)'}]"
        try await run(yaml, input: ["at": .string(at)]) { bench in
            try await bench.finish()
            #expect(try await bench.status(of: "it") == status)
            if status == "waiting" {
                let offset = try await bench.count(
                    "SELECT abs(extract(epoch FROM run_at - '2999-12-31T23:59:59Z'))::integer FROM pressroom.steps")
                #expect(offset == 0)
                #expect(try await bench.count("SELECT count(*) FROM pressroom.wakeups") == 1)
            }
            if status == "failed" {
                #expect(try await bench.text("SELECT error ->> 'code' FROM pressroom.tasks") == "invalid_time")
                // Nothing has changed, so neither does the end; and it does end.
                try await bench.act(.retry)
                try await bench.finish()
                #expect(try await bench.newsroom.status(bench.taskID) == "failed")
            }
        }
    }

    @Test("A delay ends by itself, also when the processor that opened it is gone")
    func delayEnds() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish("name: d\nversion: 1.0.0\nphases: [{id: it, kind: delay, for: 300ms}]")
            let model = ScriptedModel { $0.soundAnswer }
            let task = try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.status(task) == "waiting" }
                return task
            }
            try await newsroom.withProcessor(model) { _ in
                let status = try await newsroom.waitForEnd(task)
                #expect(status == "completed")
            }
            let early = try await newsroom.count(
                "SELECT count(*) FROM pressroom.steps WHERE completed_at < created_at + interval '300 milliseconds'")
            #expect(early == 0)
        }
    }

    private func run(
        _ yaml: String, input: JSON = ["topic": "a crash"], _ model: ScriptedModel = ScriptedModel { $0.soundAnswer },
        _ body: (Workbench) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let runner = StepRunner(
                services: StepServices(models: { _ in model }), texts: TextsInProgress { _ in }, logger: newsroom.logger)
            try await body(try await Workbench(newsroom, yaml, input: input, runner: runner))
        }
    }
}
