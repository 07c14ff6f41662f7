import Base
import Foundation
import NIOHTTP1
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
}
