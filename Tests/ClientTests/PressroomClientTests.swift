import Base
import Client
import Foundation
import TestSupport
import Testing
import Workflow

@Suite("Client", .limit(minutes: 2))
struct PressroomClientTests {
    private func withClient<Value: Sendable>(
        _ scripts: [ScriptedServer.Script], _ body: (PressroomClient, ScriptedServer) async throws -> Value
    ) async throws -> Value {
        try await ScriptedServer.withServer { server in
            for script in scripts { server.enqueue(script) }
            return try await PressroomClient.withClient(baseURL: "http://127.0.0.1:\(server.port)/", token: "secret") { client in
                try await body(client, server)
            }
        }
    }

    @Test("Starting a task sends what was asked and reads the row")
    func start() async throws {
        let row = Samples.task(status: "pending")
        try await withClient([.status(202, body: row.text)]) { client, server in
            var request = TaskRequest(workflow: "launch", input: Data(#"{"topic":"Tea"}"#.utf8))
            request.priority = 3
            request.idempotencyKey = "once"
            let task = try await client.startTask(request)
            #expect(task.id == Samples.taskID)
            #expect(task.status == "pending")
            #expect(task.document.data == Data(row.text.utf8))
            let sent = try #require(server.requests.first)
            #expect(sent.method == "POST")
            #expect(sent.path == "/api/v1/tasks")
            #expect(sent.json == ["workflow": "launch", "input": ["topic": "Tea"], "priority": 3])
            #expect(sent.headers["idempotency-key"] == "once")
            #expect(sent.headers["authorization"] == "Bearer secret")
            #expect(sent.headers["content-type"] == "application/json")
        }
    }

    @Test("Parts of paths and queries are encoded")
    func encoding() async throws {
        let list = #"{"items":[],"next":null}"#
        try await withClient([.status(200, body: list), .status(404)]) { client, server in
            _ = try await client.tasks(workflow: "a b&c/ü", limit: 5)
            _ = try? await client.workflow("../tasks?x=1")
            #expect(server.requests.map(\.path) == [
                "/api/v1/tasks?workflow=a%20b%26c%2F%C3%BC&limit=5", "/api/v1/workflows/..%2Ftasks%3Fx%3D1",
            ])
        }
    }

    @Test("Problem details become an error with every problem")
    func problem() async throws {
        let body = """
            {"type":"urn:pressroom:problem:invalid","title":"Invalid","status":422,"detail":"The input does not fit.",
             "errors":[{"pointer":"/input/topic","detail":"is required"},{"pointer":"/input/n","detail":"is odd","line":3}]}
            """
        try await withClient([.status(422, headers: ["retry-after": "7"], body: body)]) { client, _ in
            let error = await #expect(throws: PressroomError.self) { try await client.task("x") }
            #expect(error?.code == .refused)
            #expect(error?.status == 422)
            #expect(error?.type == "urn:pressroom:problem:invalid")
            #expect(error?.detail == "The input does not fit.")
            #expect(error?.problems.map(\.pointer) == ["/input/topic", "/input/n"])
            #expect(error?.problems.last?.line == 3)
            #expect(error?.retryAfter == 7)
        }
    }

    @Test("An error that is no problem details keeps its status")
    func foreignError() async throws {
        try await withClient([.status(502, headers: ["content-type": "text/html"], body: "<h1>Bad gateway</h1>")]) { client, _ in
            let error = await #expect(throws: PressroomError.self) { try await client.task("x") }
            #expect(error?.code == .refused)
            #expect(error?.status == 502)
        }
    }

    @Test("Another server at the address is said to be one, whatever its page says")
    func otherServer() async throws {
        try await withClient([.status(404, headers: ["content-type": "text/html"], body: "<h1>Not found</h1>")]) { client, _ in
            let error = await #expect(throws: PressroomError.self) { try await client.task("x") }
            #expect(error?.code == .refused)
            #expect(error?.status == 404)
            #expect(error?.title == "the server at \(client.baseURL) is no Pressroom service: it answered 404")
        }
    }

    @Test("A success that is not ours is said to be so", arguments: ["<html>", "[]", "null", ""])
    func nonsense(body: String) async throws {
        try await withClient([.status(200, body: body)]) { client, _ in
            let error = await #expect(throws: PressroomError.self) { try await client.task("x") }
            #expect(error?.code == .invalidResponse)
        }
    }

    @Test("Nobody there is unreachable")
    func unreachable() async throws {
        let port = try await ScriptedServer.withServer { $0.port }
        try await PressroomClient.withClient(baseURL: "http://127.0.0.1:\(port)") { client in
            let error = await #expect(throws: PressroomError.self) { try await client.task("x") }
            #expect(error?.code == .unreachable)
        }
    }

    @Test("Input that is no JSON never leaves")
    func badArgument() async throws {
        try await withClient([]) { client, server in
            let request = TaskRequest(workflow: "w", input: Data("{".utf8))
            let error = await #expect(throws: PressroomError.self) { try await client.startTask(request) }
            #expect(error?.code == .invalidArgument)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("Validation reads the problems of both forms", arguments: [
        (200, #"{"valid":false,"problems":[{"pointer":"/name","detail":"is required","line":1}]}"#, 1),
        (400, #"{"type":"about:blank","title":"Malformed","errors":[{"pointer":"","detail":"is not YAML"}]}"#, 1),
        (200, #"{"valid":true,"problems":[]}"#, 0),
    ])
    func validation(status: Int, body: String, count: Int) async throws {
        try await withClient([.status(status, body: body)]) { client, server in
            let problems = try await client.validateWorkflow("name: x", as: .yaml)
            #expect(problems.count == count)
            #expect(server.requests.first?.headers["content-type"] == "application/yaml")
        }
    }

    @Test("Transitions carry the version they are for")
    func transition() async throws {
        try await withClient([.status(200, body: Samples.task(status: "paused").text)]) { client, server in
            let task = try await client.transitionTask("t", .pause, ifVersion: 4)
            #expect(task.status == "paused")
            #expect(server.requests.first?.path == "/api/v1/tasks/t/pause")
            #expect(server.requests.first?.headers["if-match"] == "\"4\"")
        }
    }

    @Test("Schedules are added, switched and removed")
    func schedules() async throws {
        let row = #"{"id":"s","workflow_name":"w","cron":"@daily","enabled":true,"last_error":{"code":"missed"},"version":2}"#
        let list = #"{"items":[\#(row)],"next":null}"#
        let scripts: [ScriptedServer.Script] = [
            .status(201, body: row), .status(200, body: list), .status(200, body: row), .status(204),
        ]
        try await withClient(scripts) { client, server in
            let made = try await client.createSchedule(Data(#"{"workflow":"w","cron":"@daily"}"#.utf8), idempotencyKey: "once")
            #expect(made.id == "s" && made.isEnabled && made.lastErrorMessage == "missed")
            #expect(try await client.schedules(workflow: "w", isEnabled: false).items == [made])
            try await client.enableSchedule("s", false, ifVersion: 2)
            try await client.deleteSchedule("s")
            let sent = server.requests
            #expect(sent.map { "\($0.method) \($0.path)" } == [
                "POST /api/v1/schedules", "GET /api/v1/schedules?workflow=w&enabled=false", "PATCH /api/v1/schedules/s",
                "DELETE /api/v1/schedules/s",
            ])
            #expect(sent[0].json == ["workflow": "w", "cron": "@daily"] && sent[0].headers["idempotency-key"] == "once")
            #expect(sent[2].json == ["enabled": false] && sent[2].headers["if-match"] == "\"2\"")
        }
    }
}
