import Base
import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// The workflows in `examples/`, as they stand there, from the file to the end of a task.
@Suite struct ExampleTests {
    private static let directory = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("examples")

    private func withExample(
        _ name: String, settings: String = "", _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        let definition = try String(contentsOf: Self.directory.appendingPathComponent(name + ".yaml"), encoding: .utf8)
        let yaml = "providers: {rehearsal: {kind: rehearsal, tokens_per_second: 0}}\n" + settings
        try await withService(ServiceSetup(yaml: yaml)) { service in
            try await service.publish(definition)
            try await body(service)
            try await EventAudit.check(service)
            #expect(service.errorLines.isEmpty, "\(service.errorLines)")
        }
    }

    private func start(_ service: TestService, _ workflow: String, _ input: JSON) async throws -> String {
        try await service.client.startTask(TaskRequest(workflow: workflow, input: Data(input.utf8))).id
    }

    /// The question that the task asks, as soon as it does.
    private func question(_ service: TestService, _ task: String) async throws -> HumanTaskRecord {
        let event = try await service.event(of: task) { $0.name == "human_task_updated" }
        _ = try #require(event, "the task asked nobody")
        return try #require(try await service.client.humanTasks(status: "pending").items.first)
    }

    private func outcome(_ service: TestService, _ task: String) async throws -> (status: String, phases: JSONObject) {
        let status = try await service.end(of: task)
        let rows = try await service.client.taskState(task).document.json["phases"]?.array ?? []
        return (status, JSONObject(rows.compactMap { row in row["key"]?.string.map { ($0, row) } }))
    }

    @Test func swarmOfWritersEditorsAndJudges() async throws {
        try await withExample("content-swarm") { service in
            let task = try await start(service, "content-swarm", ["topic": "night trains"])
            let (status, phases) = try await outcome(service, task)
            #expect(status == "completed")
            #expect(phases.values.compactMap { $0["status"]?.string } == Array(repeating: "completed", count: 5))
            let state = try await service.client.taskState(task)
            #expect(state.outputs.count == 6)
            #expect(state.evaluations.count == 27, "six drafts and three finalists, by three judges")
            #expect(state.rankings.count == 2)
            let final = state.document.json["rankings"]?.array?.last
            #expect(final?["method"]?.string == "borda")
            #expect(final?["entries"]?.array?.count == 3)
            let chosen = (state.document.json["outputs"]?.array ?? []).filter { $0["is_finalist"]?.bool == true }
            #expect(chosen.count == 3)
            let winner = state.document.json["task"]?["result"]?["winner"]
            #expect(winner?["content"]?.string?.isEmpty == false)
        }
    }

    @Test(arguments: [true, false]) func approvalWithAForm(isApproved: Bool) async throws {
        try await withExample("approval-form") { service in
            let task = try await start(service, "approval-form", ["topic": "opening hours"])
            let question = try await question(service, task)
            await #expect(throws: PressroomError.self) {
                try await service.client.completeHumanTask(question.id, data: Data(#"{"approved": "perhaps"}"#.utf8))
            }
            let answer: JSON = ["approved": .bool(isApproved), "comments": "No night opening."]
            try await service.client.completeHumanTask(question.id, data: Data(answer.utf8))
            let (status, phases) = try await outcome(service, task)
            #expect(status == "completed")
            #expect(phases["approve"]?["output"]?["response"] == answer)
            let (taken, left) = isApproved ? ("send", "withdraw") : ("withdraw", "send")
            #expect(phases[taken]?["status"]?.string == "completed")
            #expect(phases[left]?["status"]?.string == "skipped")
            let message = try await service.sql("SELECT message FROM pressroom.logs WHERE task_id = \(task)::uuid AND metadata ->> 'code' IS NULL")
            #expect(message.count == 1)
            let text = try message[0].decode("message", as: String.self)
            #expect(text.hasPrefix(isApproved ? "Sent, as local said: " : "Not sent: No night opening."))
        }
    }

    @Test func pipelineWithRetries() async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(.error(503))
            server.enqueue(.error(500))
            server.answerAlways(
                with: .status(
                    200, headers: ["content-type": "application/json"], body: #"{"rows": [{"amount": 20}, {"amount": 4000}]}"#))
            try await withExample("hourly-pipeline", settings: "requests: {allow: \"127.0.0.1:\(server.port)\"}\n") { service in
                let sources: JSON = ["north", "south", "west"]
                let task = try await start(
                    service, "hourly-pipeline", ["host": .string("127.0.0.1:\(server.port)"), "sources": sources])
                let (status, phases) = try await outcome(service, task)
                #expect(status == "completed")
                #expect(phases["count"]?["output"]?.int == 6)
                #expect(phases["large"]?["output"]?.array?.count == 3)
                #expect(phases["alarm"]?["status"]?.string == "completed")
                #expect(phases["calm"]?["status"]?.string == "skipped")
                #expect(phases["report"]?["status"]?.string == "completed")
                #expect(server.requests.count == 5)
                #expect(Set(server.requests.map(\.path)) == ["/north.json", "/south.json", "/west.json"])
            }
        }
    }

    @Test func reviewByAChainOfAgents() async throws {
        try await withExample("code-review") { service in
            let task = try await start(service, "code-review", ["diff": "-let a = 1\n+let a = 2"])
            let question = try await question(service, task)
            let doubts = try await service.sql("SELECT output #>> '{output}' AS text FROM pressroom.phases WHERE task_id = \(task)::uuid AND key = 'doubt'")
            let asked = try await service.sql("SELECT description FROM pressroom.human_tasks WHERE task_id = \(task)::uuid")
            // A question shows what the step before it said.
            let text = try doubts[0].decode("text", as: String.self)
            #expect(try asked[0].decode("description", as: String.self).contains(text))
            try await service.client.completeHumanTask(question.id, data: Data(#"{"answer": "It is meant."}"#.utf8))
            let (status, phases) = try await outcome(service, task)
            #expect(status == "completed")
            #expect(phases["verdict"]?["output"]?["output"]?["approve"]?.bool != nil)
        }
    }
}
