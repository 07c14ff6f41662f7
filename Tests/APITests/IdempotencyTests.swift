import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

@Suite struct IdempotencyTests {
    private let body: JSON = ["workflow": "launch", "input": ["topic": "tea"]]

    @Test func concurrentRequestsWithOneKeyCreateOneTask() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        try await api.send(.POST, "/api/v1/tasks", body, headers: ["idempotency-key": "one"])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 202 })
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(Set(answers.compactMap { $0.headers.first(name: "location") }).count == 1)
            #expect(answers.count { $0.headers.first(name: "idempotency-replayed") == "true" } == 23)
            #expect(try await api.rowCounts()["tasks"] == 1)
        }
    }

    @Test func theFirstAnswerComesAgainWhateverHasHappenedSince() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let first = try await api.send(.POST, "/api/v1/tasks", body, headers: ["idempotency-key": "one"])
            _ = try await api.send(
                .PATCH, "/api/v1/workflows/launch/versions/1.0.0", ["status": "archived"] as JSON)
            // The order of keys and the spaces do not make another body.
            let reordered: RawBody = #"{ "input": {"topic": "tea"}, "workflow": "launch" }"#
            let second = try await api.send(.POST, "/api/v1/tasks", reordered, headers: ["idempotency-key": "one"])
            #expect(second.status == 202)
            #expect(second.text == first.text)
            #expect(first.json["idempotency_key"] == "one")
        }
    }

    @Test func theKeyWithAnotherBodyIsRefused() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            _ = try await api.send(.POST, "/api/v1/tasks", body, headers: ["idempotency-key": "one"])
            let other: JSON = ["workflow": "launch", "input": ["topic": "coffee"]]
            let answer = try await api.send(.POST, "/api/v1/tasks", other, headers: ["idempotency-key": "one"])
            #expect(answer.status == 422)
            #expect(answer.pointers == ["/headers/idempotency-key"])
            #expect(try await api.rowCounts()["tasks"] == 1)
        }
    }

    @Test func aRefusedRequestLeavesItsKeyFree() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let headers = ["idempotency-key": "one"]
            #expect(try await api.send(.POST, "/api/v1/tasks", ["workflow": "launch"] as JSON, headers: headers).status == 422)
            #expect(try await api.send(.POST, "/api/v1/tasks", body, headers: headers).status == 202)
        }
    }

    @Test func repeatedEventsTakeOnePosition() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask().uuidString
            let before = try await api.rowCounts()["events"] ?? 0
            var cursors: Set<JSON?> = []
            for _ in 0..<5 {
                let answer = try await api.send(
                    .POST, "/api/v1/tasks/\(task)/events", ["type": "custom.note", "data": ["n": 1]] as JSON,
                    headers: ["idempotency-key": "e"])
                #expect(answer.status == 202)
                cursors.insert(answer.json["cursor"])
            }
            #expect(cursors.count == 1)
            #expect(try await api.rowCounts()["events"] == before + 1)
        }
    }

    @Test func aWorkspaceIsMadeOnce() async throws {
        try await APIFixture.with { api in
            let body: JSON = ["name": "press", "description": "All of it"]
            let first = try await api.send(.POST, "/api/v1/workspaces", body, headers: ["idempotency-key": "one"])
            let again = try await api.send(.POST, "/api/v1/workspaces", body, headers: ["idempotency-key": "one"])
            #expect(first.status == 201 && again.status == 201 && again.text == first.text, "\(again.text)")
            #expect(first.headers["location"] == again.headers["location"] && first.headers["etag"] == ["\"1\""])
            #expect(first.headers["idempotency-replayed"] == [] && again.headers["idempotency-replayed"] == ["true"])
            let other = try await api.send(
                .POST, "/api/v1/workspaces", ["name": "other"] as JSON, headers: ["idempotency-key": "one"])
            #expect(other.status == 422 && other.pointers == ["/headers/idempotency-key"])
            // A conflict keeps nothing.
            #expect(try await api.send(.POST, "/api/v1/workspaces", body, headers: ["idempotency-key": "two"]).status == 409)
            #expect(try await api.rowCounts()["idempotency_keys"] == 1)
        }
    }

    @Test func theSecretOfAKeyIsShownOnceAndKeptNowhere() async throws {
        try await APIFixture.with { api in
            let body: JSON = ["name": "robot", "scopes": ["read"]]
            let headers = ["idempotency-key": "one"]
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<8 { group.addTask { try await api.send(.POST, "/api/v1/api-keys", body, headers: headers) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 && $0.headers["cache-control"] == ["no-store"] })
            #expect(Set(answers.map { $0.json["id"] }).count == 1)
            let secrets = answers.compactMap { $0.json["key"]?.string }
            let secret = try #require(secrets.first)
            #expect(secrets.count == 1 && answers.count { $0.json["key"] == JSON.null } == 7)
            #expect(answers.filter { $0.headers["idempotency-replayed"] == ["true"] }.allSatisfy { $0.json["key"] == JSON.null })
            #expect(try await api.send(.GET, "/api/v1/api-keys?count=true").json["total"] == 1)
            let kept: String = try await api.client.query(
                "SELECT string_agg(k::text, ' ') FROM pressroom.idempotency_keys k")[0].decode(0)
            #expect(kept.contains("robot") && !kept.contains(secret.suffix(20)), "\(kept)")
            let other = try await api.send(.POST, "/api/v1/api-keys", ["name": "other"] as JSON, headers: headers)
            #expect(other.status == 422 && other.pointers == ["/headers/idempotency-key"])
        }
    }

    @Test func theQueryBelongsToTheRequest() async throws {
        try await APIFixture.with { api in
            let headers = ["idempotency-key": "one"]
            let first = try await api.send(.POST, "/api/v1/workflows", YAML.workflow(), headers: headers)
            let other = try await api.send(.POST, "/api/v1/workflows?is_public=true", YAML.workflow(), headers: headers)
            #expect(first.status == 201 && other.status == 422, "\(other.text)")
        }
    }

    @Test func whatIsKeptOfATaskIsRemovedWithIt() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            let headers = ["idempotency-key": "one"]
            let first = try await api.send(.POST, "/api/v1/tasks", body, headers: headers)
            let path = "/api/v1/tasks/\(first.json["task_id"]?.string ?? "")"
            let noted = try await api.send(.POST, path + "/events", ["data": 1] as JSON, headers: ["idempotency-key": "two"])
            #expect(noted.status == 202)
            #expect(try await api.rowCounts()["idempotency_keys"] == 2)
            #expect(try await api.send(.POST, path + "/cancel").status == 200)
            #expect(try await api.send(.DELETE, path).status == 204)
            #expect(try await api.rowCounts()["idempotency_keys"] == 0)
            let second = try await api.send(.POST, "/api/v1/tasks", body, headers: headers)
            #expect(second.status == 202 && second.json["task_id"] != first.json["task_id"])
        }
    }
}
