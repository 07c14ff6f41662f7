import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

@Suite struct TaskRowTests {
    @Test(arguments: [("outputs", 7), ("evaluations", 7), ("steps", 7), ("rankings", 1), ("logs", 7), ("history", 25)])
    func pagesMakeUpTheList(_ name: String, _ count: Int) async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 7)
            let path = "/api/v1/tasks/\(task.uuidString)/\(name)"
            let whole = try await api.send(.GET, path + "?limit=500")
            #expect(whole.items.count == count)
            #expect(whole.json["next"] == .null)
            var items: [JSON] = []
            var next: String? = path + "?limit=3"
            while let page = next {
                let answer = try await api.send(.GET, page)
                items += answer.items
                next = answer.json["next"]?.string.map { path + "?limit=3&after=\($0)" }
            }
            #expect(items == whole.items)
        }
    }

    @Test func theVersionsOfAnOutputComeLastFirst() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client)
            let path = "/api/v1/tasks/\(task.uuidString)/outputs"
            let output = try #require(try await api.send(.GET, path).items.first?["id"]?.string)
            let first = try await api.send(.GET, path + "/\(output)/versions?limit=2")
            #expect(first.items.compactMap { $0["version_number"]?.int } == [3, 2])
            let next = try #require(first.json["next"]?.string)
            let second = try await api.send(.GET, path + "/\(output)/versions?limit=2&after=\(next)")
            #expect(second.items.compactMap { $0["version_number"]?.int } == [1])
            #expect(second.json["next"] == .null)
            #expect(try await api.send(.GET, path + "/\(UUID().uuidString)/versions").status == 404)
        }
    }

    @Test func theHistoryTellsEveryTransitionWhoeverMadeIt() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let path = "/api/v1/tasks/\(task.uuidString)"
            _ = try await api.send(.POST, path + "/pause")
            _ = try await api.send(.POST, path + "/resume")
            // Not a transition, and so not in the history.
            _ = try await api.client.query("UPDATE pressroom.tasks SET priority = 9 WHERE task_id = \(task)")
            // An operator, with nobody's name set.
            _ = try await api.client.query("UPDATE pressroom.tasks SET status = 'running' WHERE task_id = \(task)")
            _ = try await api.send(.POST, path + "/cancel")

            let items = try await api.send(.GET, path + "/history").items
            let tasks = items.filter { $0["entity"] == "task" }
            #expect(
                tasks.map { [$0["from"], $0["to"]] } == [
                    ["running", "cancelled"], ["pending", "running"], ["paused", "pending"], ["pending", "paused"],
                    [.null, "pending"],
                ])
            #expect(tasks.map { $0["actor"]?.string == "user:local" } == [true, false, true, true, true])
            #expect(tasks.allSatisfy { $0["entity_id"]?.string == task.text })
            let phases = items.filter { $0["entity"] == "phase" }
            #expect(phases.map { $0["to"] } == ["cancelled", "cancelled", "cancelled", "pending", "pending", "pending"])
            let positions = items.compactMap { $0["cursor"]?.string.flatMap(Cursor.init)?.position }
            #expect(positions.count == items.count)
            #expect(positions == positions.sorted(by: >))
        }
    }

    @Test func customEventsAreKeptWhateverTheStatus() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let path = "/api/v1/tasks/\(task.uuidString)"
            _ = try await api.send(.POST, path + "/cancel")
            let data: JSON = ["text": "two\nlines", "null": nil]
            let answer = try await api.send(.POST, path + "/events", ["type": "custom.note", "data": data] as JSON)
            #expect(answer.status == 202)
            let cursor = try #require(answer.json["cursor"]?.string.flatMap(Cursor.init))
            let rows = try await api.client.query(
                "SELECT type, actor, payload FROM pressroom.events WHERE tenant_id = 'default' AND position = \(cursor.position)")
            #expect(rows[0]["type"].string == "custom.note")
            #expect(rows[0]["actor"].string == "user:local")
            let payload = try JSON(parsing: rows[0]["payload"].bytes ?? [])
            #expect(payload == ["data": data])
        }
    }
}
