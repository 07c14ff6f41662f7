import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

@Suite struct ForkRouteTests {
    @Test func aForkIsANewTaskThatKeepsWhatCameBefore() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask(["topic": "tea", "audience": "cats"])
            _ = try await api.client.query(
                "UPDATE pressroom.phases SET status = 'completed', output = '{\"outputs\": []}' WHERE key = 'write'")
            let path = "/api/v1/tasks/\(task.text)/fork"
            let made = try await api.send(.POST, path, ["phase": "edit"] as JSON, headers: ["idempotency-key": "f"])
            #expect(made.status == 202)
            #expect(made.tag == "\"1\"")
            let id = try #require(made.json["task_id"]?.string)
            #expect(made.headers["location"] == ["/api/v1/tasks/\(id)"])
            #expect(made.json["forked_from_task_id"]?.string == task.text)
            #expect(made.json["input"] == ["topic": "tea", "audience": "cats"])
            #expect(made.json["status"] == "pending")
            #expect(made.json["context"]?["task_id"]?.string == id)
            let again = try await api.send(.POST, path, ["phase": "edit"] as JSON, headers: ["idempotency-key": "f"])
            #expect(again.json == made.json)
            let state = try await api.send(.GET, "/api/v1/tasks/\(id)/state").json
            #expect(state["phases"]?.array?.map { $0["status"] } == ["completed", "pending", "pending"])

            let changed = try await api.send(
                .POST, path, ["phase": "write", "input": ["topic": "milk"], "config": ["a": 1]] as JSON)
            #expect(changed.json["input"] == ["topic": "milk", "audience": "developers"])
            #expect(changed.json["config"] == ["a": 1])
        }
    }

    @Test func mistakesAreNamedAndChangeNothing() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let before = try await api.rowCounts()
            let path = "/api/v1/tasks/\(task.text)/fork"
            #expect(try await api.send(.POST, path, [:] as JSON).pointers == ["/phase"])
            #expect(try await api.send(.POST, path, ["phase": "nope"] as JSON).pointers == ["/phase"])
            let wrong = try await api.send(.POST, path, ["phase": "write", "input": ["topic": 1]] as JSON)
            #expect(wrong.status == 422)
            #expect(wrong.pointers == ["/input/topic"])
            let early = try await api.send(.POST, path, ["phase": "judge"] as JSON)
            #expect(early.status == 409)
            #expect(early.json["current_status"] == "pending")
            #expect(try await api.send(.POST, "/api/v1/tasks/\(UUID().uuidString)/fork", ["phase": "write"] as JSON).status == 404)
            #expect(try await api.rowCounts() == before)
        }
    }
}
