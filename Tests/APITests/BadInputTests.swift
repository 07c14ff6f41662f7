import Base
import Foundation
import NIOHTTP1
import Testing
import Workflow

/// Each bad request gets its own problem document, and changes nothing.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let method: HTTPMethod
        let path: String
        var body: (any APIBody)?
        var type: String?
        var headers: [String: String] = [:]
        let status: Int
        var pointers: [String] = []

        var testDescription: String { name }
    }

    /// `{task}` stands for the id of a pending task.
    static let cases: [Case] = [
        .init(name: "unknown path", method: .GET, path: "/api/v1/nothing", status: 404),
        .init(name: "unknown method", method: .PUT, path: "/api/v1/tasks", body: JSON.object([:]), status: 405),
        .init(name: "unknown workflow", method: .POST, path: "/api/v1/tasks", body: ["workflow": "nobody"] as JSON,
              status: 422, pointers: ["/workflow"]),
        .init(name: "unknown version", method: .POST, path: "/api/v1/tasks",
              body: ["workflow": "launch", "version": "9.9.9"] as JSON, status: 422, pointers: ["/version"]),
        .init(name: "input left out", method: .POST, path: "/api/v1/tasks", body: ["workflow": "launch"] as JSON,
              status: 422, pointers: ["/input/topic"]),
        .init(name: "wrong input", method: .POST, path: "/api/v1/tasks",
              body: ["workflow": "launch", "input": ["topic": 7, "tone": "warm"]] as JSON,
              status: 422, pointers: ["/input/topic", "/input/tone"]),
        .init(name: "everything wrong", method: .POST, path: "/api/v1/tasks",
              body: ["workflow": 1, "priority": 1001, "run_at": "soon", "workspace_id": "x", "inputs": [:],
                     "context": ["trace_id": "0", "who": 1]] as JSON,
              status: 422,
              pointers: ["/workflow", "/priority", "/run_at", "/workspace_id", "/context/trace_id", "/context/who", "/inputs"]),
        .init(name: "a time after the year 9999", method: .POST, path: "/api/v1/tasks",
              body: ["workflow": "launch", "input": ["topic": "tea"], "run_at": "9999-12-31T23:59:59-01:00"] as JSON,
              status: 422, pointers: ["/run_at"]),
        .init(name: "no object", method: .POST, path: "/api/v1/tasks", body: JSON.array([]), status: 422, pointers: [""]),
        .init(name: "NUL", method: .POST, path: "/api/v1/tasks",
              body: RawBody(stringLiteral: #"{"workflow":"launch","input":{"topic":"a\u0000b"}}"#),
              status: 422, pointers: ["/input/topic"]),
        .init(name: "invalid UTF-8", method: .POST, path: "/api/v1/tasks",
              body: RawBody([0x7B, 0x22, 0xFF, 0x22, 0x7D]), status: 400, pointers: [""]),
        .init(name: "broken JSON", method: .POST, path: "/api/v1/tasks", body: "{\"workflow\":" as RawBody,
              status: 400, pointers: [""]),
        .init(name: "no body", method: .POST, path: "/api/v1/tasks", status: 415),
        .init(name: "a form", method: .POST, path: "/api/v1/tasks", body: "workflow=launch" as RawBody,
              type: "application/x-www-form-urlencoded", status: 415),
        .init(name: "oversized body", method: .POST, path: "/api/v1/tasks",
              body: RawBody([UInt8](repeating: 0x20, count: (1 << 20) + 1)), status: 413),
        .init(name: "empty idempotency key", method: .POST, path: "/api/v1/tasks",
              body: ["workflow": "launch", "input": ["topic": "tea"]] as JSON, headers: ["idempotency-key": "é"],
              status: 400, pointers: ["/headers/idempotency-key"]),
        .init(name: "broken YAML", method: .POST, path: "/api/v1/workflows", body: YAML(text: "name: [a\nversion: }"),
              status: 400, pointers: [""]),
        .init(name: "invalid workflow", method: .POST, path: "/api/v1/workflows",
              body: YAML(text: YAML.workflow(version: "2.0.0").text.replacing("[warm]", with: "[nobody]")),
              status: 422, pointers: ["/phases/0/agents/0"]),
        .init(name: "workflow with a reserved name", method: .POST, path: "/api/v1/workflows",
              body: YAML.workflow(name: "validate"), status: 422, pointers: ["/name"]),
        .init(name: "another body for a version", method: .POST, path: "/api/v1/workflows",
              body: YAML.workflow(category: "other"), status: 409),
        .init(name: "change of a definition", method: .PATCH, path: "/api/v1/workflows/launch/versions/1.0.0",
              body: ["definition": [:], "status": "gone", "tags": [1]] as JSON,
              status: 422, pointers: ["/status", "/tags/0", "/definition"]),
        .init(name: "no such version", method: .PATCH, path: "/api/v1/workflows/launch/versions/3.0.0",
              body: JSON.object([:]), status: 404),
        .init(name: "an id that is no UUID", method: .GET, path: "/api/v1/tasks/123", status: 400,
              pointers: ["/path/task_id"]),
        .init(name: "an id that nobody has", method: .GET, path: "/api/v1/tasks/00000000-0000-7000-8000-000000000000",
              status: 404),
        .init(name: "state of nobody", method: .GET,
              path: "/api/v1/tasks/00000000-0000-7000-8000-000000000000/state", status: 404),
        .init(name: "steps of nobody", method: .GET,
              path: "/api/v1/tasks/00000000-0000-7000-8000-000000000000/steps", status: 404),
        .init(name: "state of another workflow", method: .GET, path: "/api/v1/workflows/other/state/{task}", status: 404),
        .init(name: "unknown inclusion", method: .GET, path: "/api/v1/tasks/{task}/state?include=all&steps=no",
              status: 400, pointers: ["/query/include", "/query/steps"]),
        .init(name: "unknown cursor", method: .GET, path: "/api/v1/tasks/{task}/stream?cursor=abc", status: 400,
              pointers: ["/query/cursor"]),
        .init(name: "types that no stream can be narrowed to", method: .GET,
              path: "/api/v1/tasks/{task}/stream?types=task_updated,state,custom.%C3%A9,customs", status: 400,
              pointers: ["/query/types"]),
        .init(name: "bad queries", method: .GET,
              path: "/api/v1/tasks?limit=501&after=%21&status=done&since=today&parent_task_id=1&colour=red&q=", status: 400,
              pointers: ["/query/status", "/query/parent_task_id", "/query/since", "/query/q", "/query/limit",
                         "/query/after", "/query/colour"]),
        .init(name: "a parameter twice", method: .GET, path: "/api/v1/tasks?limit=5&limit=6", status: 400,
              pointers: ["/query/limit"]),
        .init(name: "a token of another list", method: .GET, path: "/api/v1/tasks?after=MS4y", status: 400,
              pointers: ["/query/after"]),
        .init(name: "illegal transition", method: .POST, path: "/api/v1/tasks/{task}/resume", status: 409),
        .init(name: "stale version", method: .POST, path: "/api/v1/tasks/{task}/pause", headers: ["if-match": "\"7\""],
              status: 412),
        .init(name: "malformed version", method: .POST, path: "/api/v1/tasks/{task}/pause", headers: ["if-match": "7"],
              status: 400, pointers: ["/headers/if-match"]),
        .init(name: "a body that means nothing", method: .POST, path: "/api/v1/tasks/{task}/cancel",
              body: ["force": true] as JSON, status: 422, pointers: ["/force"]),
        .init(name: "an event of the service's own", method: .POST, path: "/api/v1/tasks/{task}/events",
              body: ["type": "task_updated"] as JSON, status: 422, pointers: ["/type", "/data"]),
        .init(name: "an event for nobody", method: .POST,
              path: "/api/v1/tasks/00000000-0000-7000-8000-000000000000/events", body: ["data": 1] as JSON, status: 404),
        .init(name: "a signal for nobody", method: .POST,
              path: "/api/v1/tasks/00000000-0000-7000-8000-000000000000/signals/go", status: 404),
        .init(name: "deleting an open task", method: .DELETE, path: "/api/v1/tasks/{task}", status: 409),
    ]

    @Test func everyBadRequestGetsItsProblemAndChangesNothing() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask().text
            let before = try await api.rowCounts()
            let row = try await api.send(.GET, "/api/v1/tasks/\(task)").text
            for bad in Self.cases {
                let answer = try await api.send(
                    bad.method, bad.path.replacing("{task}", with: task), bad.body, type: bad.type, headers: bad.headers)
                #expect(answer.status == bad.status, "\(bad.name): \(answer.text)")
                #expect(answer.isProblem, "\(bad.name): \(answer.text)")
                #expect(Set(answer.pointers) == Set(bad.pointers), "\(bad.name): \(answer.text)")
                #expect(try await api.rowCounts() == before, "\(bad.name)")
            }
            #expect(try await api.send(.GET, "/api/v1/tasks/\(task)").text == row)
        }
    }

    @Test func aRefusedMethodNamesThePossibleOnes() async throws {
        try await APIFixture.with { api in
            let tasks = try await api.send(.DELETE, "/api/v1/tasks")
            let validation = try await api.send(.GET, "/api/v1/workflows/validate")
            let stream = try await api.send(.POST, "/api/v1/stream")
            #expect(tasks.headers["allow"] == ["GET, HEAD, POST"])
            #expect(validation.headers["allow"] == ["POST"])
            #expect(stream.headers["allow"] == ["GET, HEAD"])
        }
    }

    @Test func aConflictNamesTheCurrentStatus() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask().uuidString
            let answer = try await api.send(.POST, "/api/v1/tasks/\(task)/retry")
            #expect(answer.status == 409)
            #expect(answer.json["current_status"] == "pending")
        }
    }
}
