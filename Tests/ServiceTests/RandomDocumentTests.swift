import AsyncHTTPClient
import Base
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Workflow

/// Random documents by every way into the service: as input, configuration and signal, as the answer of a person, a model, a
/// server and a sub-task, and by SQL. `PRESSROOM_TEST_DOCUMENTS=n` makes about so many, `PRESSROOM_TEST_SEED=s` repeats a
/// seed's.
@Suite(.limit(minutes: 60))
struct RandomDocumentTests {
    private static let count = ProcessInfo.processInfo.environment["PRESSROOM_TEST_DOCUMENTS"].flatMap { Int($0) } ?? 120
    /// Of the documents in one task.
    private static let documents = 6

    private static func definitions(_ server: String) -> [String] {
        [
            """
            name: echo
            version: 1.0.0
            phases:
              - {id: back, kind: transform, expression: "$.input"}
            """,
            """
            name: doors
            version: 1.0.0
            agents:
              ada: {role: writer, model: scripted/ada}
            phases:
              - {id: tell, kind: log, message: "{{doc}}"}
              - {id: pick, kind: transform, expression: "$.input.doc", list: true}
              - {id: get, kind: http, url: "\(server)/documents/{{number}}", retry: {max_attempts: 1}}
              - {id: think, kind: agent, agents: [ada], prompt: "document {{number}}", retry: {max_attempts: 1},
                 output: {type: object, required: [doc], properties: {doc: true}}}
              - {id: part, kind: workflow, name: echo, input: {doc: "{{doc}}", got: "{{phases.get.body}}"}}
              - {id: ask, kind: human, title: "{{number}}", form: {type: object, properties: {doc: true}}}
              - {id: go, kind: signal, name: go}
              - {id: last, kind: transform, expression: "$.phases"}
            """,
        ]
    }

    /// What goes into one task: for each way a document, and its text.
    private struct Plan: Sendable {
        var texts: [String] = []
        var documents: [RandomDocument] = []
        /// None of them is nested more deeply than any way in allows.
        let isLegal: Bool
        var generator: SeededGenerator

        init(_ seed: UInt64, _ number: Int) {
            generator = SeededGenerator(seedingFrom: "\(seed)", "\(number)")
            isLegal = generator.next(below: 3) > 0
            while documents.count < RandomDocumentTests.documents {
                let document = RandomDocument.random(&generator, maxDepth: isLegal ? 50 : 140)
                var text = document.text(&generator)
                // Structured answers of models have a limit of their own.
                if documents.count == 3, text.utf8.count > 30_000 { continue }
                if !isLegal, generator.next(below: 4) == 0 {
                    text = ["1e400", "-1e999999", "[" + String(repeating: "9", count: 400) + "]", "{\"a\": 1, \"a\": 2}", "\"\\ud800\"", "\"\\u0000\"", "{"][Int(generator.next(below: 7))]
                }
                documents.append(document)
                texts.append(text)
            }
        }
    }

    @Test("No answer of 500 and above, every task ends or can be cancelled, and what is legal comes back as it was sent")
    func ways() async throws {
        let seed = Seed.pick("documents by every way")
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(
                with: .init { request, reply in
                    if request.path.hasPrefix("/documents/"), let number = Int(request.path.dropFirst(11)) {
                        return try await reply.answer(
                            status: 200, headers: ["content-type": "application/json"], body: Plan(seed, number).texts[2])
                    }
                    let question = request.json?["messages"]?.array?.last?["content"]?.string ?? ""
                    let number = question.firstMatch(of: /document ([0-9]+)/).flatMap { Int($0.output.1) } ?? 0
                    let text = "{\"doc\": \(Plan(seed, number).texts[3])}"
                    try await ScriptedModelServer.Script.answering { _ in text }.run(request, reply)
                })
            let yaml = """
                requests: {allow: "127.0.0.1"}
                providers:
                  scripted: {kind: openai, base_url: "\(server.baseURL)"}
                """
            let address = "http://127.0.0.1:\(server.port)"
            try await withService(ServiceSetup(yaml: yaml, limit: .seconds(3_000))) { service in
                for definition in Self.definitions(address) { try await service.publish(definition) }
                let tasks = max(8, Self.count / Self.documents)
                var outcomes: [String: Int] = [:]
                try await withThrowingTaskGroup(of: String.self) { group in
                    for number in 0..<tasks {
                        if number >= 12, let outcome = try await group.next() { outcomes[outcome, default: 0] += 1 }
                        group.addTask { try await self.run(Plan(seed, number), number, service, Comment("seed \(seed), task \(number)")) }
                    }
                    for try await outcome in group { outcomes[outcome, default: 0] += 1 }
                }
                print("documents: \(outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))")
                #expect(outcomes["came back", default: 0] > tasks / 4)
                // The service is as well as before.
                try await service.publish(Definitions.draft())
                #expect(try await service.end(of: service.startTask("draft")) == "completed")
                // What is broken by hand is told in the log.
                let faults = service.errorLines.filter { !$0.contains("in a row cannot be read") }
                #expect(faults.isEmpty, "\(faults)")
            }
        }
    }

    private func run(_ plan: Plan, _ number: Int, _ service: TestService, _ place: Comment) async throws -> String {
        var generator = plan.generator
        let body = #"{"workflow": "doors", "input": {"number": \#(number), "doc": \#(plan.texts[0])}, "config": {"doc": \#(plan.texts[1])}}"#
        let start = try await send("POST", "/tasks", body, service, place)
        guard start.status == 202 else {
            #expect(!plan.isLegal, "\(place): \(start.status) \(start.text.prefix(600))")
            return "refused"
        }
        let task = try #require(try JSON(parsing: start.text, limits: .stored)["task_id"]?.string, place)
        let isBroken = !plan.isLegal && generator.next(below: 3) == 0
        if isBroken { try await breakRow(of: task, &generator, service) }
        // The answers of a person and a signal, as soon as they are asked for.
        var status = try await waitUntilIdle(task, service, place)
        if status == "waiting", let question = try await service.sql(
            "SELECT id::text FROM pressroom.human_tasks WHERE task_id = \(task)::uuid AND status = 'pending'"
        ).first {
            let id: String = try question.decode(0)
            for text in ["{\"doc\": \(plan.texts[4])}", "{}"] {
                let answer = try await send("POST", "/human-tasks/\(id)/complete", "{\"data\": \(text)}", service, place)
                if answer.status < 300 { break }
                #expect(!plan.isLegal, "\(place): \(answer.status) \(answer.text.prefix(600))")
            }
        }
        for text in [plan.texts[5], "null"] {
            let answer = try await send("POST", "/tasks/\(task)/signals/go", "{\"data\": \(text)}", service, place)
            if answer.status < 300 || answer.status == 409 { break }
            #expect(!plan.isLegal, "\(place): \(answer.status) \(answer.text.prefix(600))")
        }
        status = try await waitUntilEnd(task, isBroken: isBroken, service, place)
        if plan.isLegal {
            #expect(status == "completed", place)
            try await compare(plan, task, service, place)
            return "came back"
        }
        for path in ["", "/state", "/history", "/steps", "/outputs"] {
            _ = try await send("GET", "/tasks/\(task)\(path)", nil, service, place)
        }
        if !["completed", "failed"].contains(status) {
            let answer = try await send("POST", "/tasks/\(task)/cancel", nil, service, place)
            #expect(answer.status == 200, "\(place): \(answer.text.prefix(600))")
            status = "cancelled"
        }
        let removal = try await send("DELETE", "/tasks/\(task)", nil, service, place)
        #expect(removal.status == 204, "\(place): \(removal.text.prefix(600))")
        return status
    }

    /// Puts what PostgreSQL takes and the service does not read into a row of the task.
    private func breakRow(of task: String, _ generator: inout SeededGenerator, _ service: TestService) async throws {
        let text = ["1e400", String(repeating: "[", count: 600) + String(repeating: "]", count: 600), "\"x\"", "[]", "{\"doc\": 7}"][Int(generator.next(below: 5))]
        let id = task
        // The task may be at its end: what is refused then is no concern here.
        switch generator.next(below: 4) {
        case 0: _ = try? await service.sql("UPDATE pressroom.tasks SET input = \(text)::json WHERE task_id = \(id)::uuid")
        case 1: _ = try? await service.sql("UPDATE pressroom.tasks SET config = \(text)::json WHERE task_id = \(id)::uuid")
        case 2: _ = try? await service.sql("UPDATE pressroom.phases SET output = \(text)::json WHERE task_id = \(id)::uuid AND key = 'tell'")
        default: _ = try? await service.sql("UPDATE pressroom.steps SET input = \(text)::json WHERE task_id = \(id)::uuid")
        }
    }

    /// Waits until the task has ended or asks for something, as its stream tells it; returns its status.
    private func waitUntilIdle(_ task: String, _ service: TestService, _ place: Comment) async throws -> String {
        _ = try await within(.seconds(120), "\(place) to end or wait") {
            try await service.event(of: task) { event in
                guard event.name != "end" else { return true }
                // A row that was broken by hand cannot be read here either.
                guard let data = try? JSON(parsing: event.data, limits: .stored) else { return true }
                var phases: [JSON] = data["phases"]?.array ?? []
                if let phase = data["phase"] { phases.append(phase) }
                return phases.contains { phase in
                    phase["status"]?.string == "waiting" && phase["kind"]?.string != "workflow"
                }
            }
        }
        return try await status(of: task, service)
    }

    /// - Parameter isBroken: the task may wait for what cannot come.
    private func waitUntilEnd(_ task: String, isBroken: Bool, _ service: TestService, _ place: Comment) async throws -> String {
        do {
            // Its row may be more than a client reads, so that its status comes from the table.
            _ = try await within(.seconds(isBroken ? 20 : 120), "\(place) to end") {
                try await service.event(of: task) { $0.name == "end" }
            }
        } catch is Overdue where isBroken {}
        return try await status(of: task, service)
    }

    private func status(of task: String, _ service: TestService) async throws -> String {
        try await service.sql("SELECT status FROM pressroom.tasks WHERE task_id = \(task)::uuid")[0].decode(0)
    }

    private func compare(_ plan: Plan, _ task: String, _ service: TestService, _ place: Comment) async throws {
        let state = try await send("GET", "/tasks/\(task)/state", nil, service, place)
        let rows = try JSON(parsing: state.text, limits: .stored)
        func output(_ key: String) -> JSON? { rows["phases"]?.array?.first { $0["key"]?.string == key }?["output"] }
        let found: [JSON?] = [
            rows["task"]?["input"]?["doc"], rows["task"]?["config"]?["doc"], output("get")?["body"], output("think")?["output"]?["doc"],
            output("ask")?["response"]?["doc"], output("go")?["data"],
        ]
        for (index, value) in found.enumerated() {
            #expect(value.map { plan.documents[index].isSame(as: $0) } == true, "\(place), \(index): \(plan.texts[index].prefix(1_000)) became \(value?.text.prefix(1_000) ?? "nothing")")
        }
        // What an expression and a sub-task make of it has the same value; jsonb has an order of its own.
        let picked = output("pick")?[0]
        #expect(picked != nil && picked?.isSameValue(as: found[0] ?? .null) == true, "\(place): \(picked?.text.prefix(1_000) ?? "nothing")")
        let part = output("part")?["output"]
        #expect(part?["doc"].map { found[0]?.isSameValue(as: $0) == true } == true, place)
        #expect(
            part?["got"].map { found[2]?.isSameValue(as: $0) == true } == true,
            "\(place): \(found[2]?.text.prefix(600) ?? "nothing") became \(part?["got"]?.text.prefix(600) ?? "nothing")")
    }

    private func send(
        _ method: String, _ path: String, _ body: String?, _ service: TestService, _ place: Comment
    ) async throws -> (status: UInt, text: String) {
        var request = HTTPClientRequest(url: service.baseURL + "/api/v1" + path)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "accept", value: "application/json")
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(Array(body.utf8))
        }
        let response = try await service.httpClient.execute(request, timeout: .seconds(60))
        let text = String(buffer: try await response.body.collect(upTo: 64 << 20))
        #expect(response.status.code < 500, "\(place): \(method) \(path): \(response.status.code) \(text.prefix(600)) for \(body?.prefix(600) ?? "")")
        return (response.status.code, text)
    }
}
