import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

@Suite struct OutputRouteTests {
    @Test func aDraftIsEditedUnderItsVersion() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client)
            let list = "/api/v1/tasks/\(task.text)/outputs"
            let old = try #require(try await api.send(.GET, list).items.first)
            let id = try #require(old["id"]?.string)
            let path = "/api/v1/outputs/\(id)"
            let stale = try await api.send(.PATCH, path, ["content": "New."] as JSON, headers: ["if-match": "\"7\""])
            #expect(stale.status == 412)
            let edited = try await api.send(.PATCH, path, ["content": "New.\n\u{2028}“Text” 🐈"] as JSON, headers: ["if-match": "\"1\""])
            #expect(edited.status == 200)
            #expect(edited.tag == "\"2\"")
            #expect(edited.json["content"] == "New.\n\u{2028}“Text” 🐈")
            #expect([edited.json["version_number"], edited.json["version"], edited.json["finish_reason"]] == [4, 2, .null])
            #expect(edited.json["edited_by"] == "user:local")
            #expect(Set(edited.json.object?.keys ?? []) == Set(old.object?.keys ?? []))
            #expect(try await api.send(.GET, list).items.first { $0["id"] == old["id"] } == edited.json)

            let version = try #require(try await api.send(.GET, list + "/\(id)/versions?limit=1").items.first)
            #expect([version["action"], version["version_number"], version["content"]] == ["manual", 4, edited.json["content"]])
            #expect(version["agent"] == ["actor": "user:local"])
            let event = try await api.client.query("SELECT type, actor FROM pressroom.events ORDER BY position DESC LIMIT 2")
            #expect(Set(try event.map { try $0.decode("type", as: String.self) }) == ["output_updated", "output_version_added"])
            #expect(try event.allSatisfy { try $0.decode("actor", as: String.self) == "user:local" })

            // The text that it has already is no new version.
            let again = try await api.send(.PATCH, path, ["content": edited.json["content"] ?? .null] as JSON)
            #expect(again.status == 200 && again.json == edited.json && again.tag == "\"2\"")
        }
    }

    @Test func whatCannotBeATextIsRefused() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client)
            let id = try #require(try await api.send(.GET, "/api/v1/tasks/\(task.text)/outputs").items.first?["id"]?.string)
            let path = "/api/v1/outputs/\(id)"
            for content in ["", " \n\t", 7, .null, ["x"], "a\u{0}b"] as [JSON] {
                let answer = try await api.send(.PATCH, path, ["content": content] as JSON)
                #expect(answer.status == 422, "\(content)")
                #expect(answer.pointers == ["/content"], "\(content)")
            }
            #expect(try await api.send(.PATCH, path, [:] as JSON).pointers == ["/content"])
            #expect(try await api.send(.PATCH, path, ["content": "x", "contnet": "y"] as JSON).pointers == ["/contnet"])
            #expect(try await api.send(.PATCH, path + "?force=1", ["content": "x"] as JSON).pointers == ["/query/force"])
            #expect(try await api.send(.PATCH, path, ["content": "x"] as JSON, headers: ["if-match": "1"]).status == 400)
            #expect(try await api.send(.PATCH, "/api/v1/outputs/\(UUIDv7.next().text)", ["content": "x"] as JSON).status == 404)
            #expect(try await api.send(.PATCH, "/api/v1/outputs/1", ["content": "x"] as JSON).isProblem)
            #expect(try await api.send(.GET, path).status == 405)
            #expect(try await api.client.query("SELECT FROM pressroom.output_versions WHERE action = 'manual'").isEmpty)
        }
    }

    @Test func whatAModelWorksOnIsLeftToIt() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 1)
            let id: UUID = try await api.client.query("SELECT id FROM pressroom.outputs")[0].decode(0)
            let path = "/api/v1/outputs/\(id.text)"
            for (status, isAtWork) in [
                ("writing", true), ("pending_edit", false), ("editing", true), ("pending_rewrite", false), ("rewriting", true),
                ("pending_edit", false), ("approved", false),
            ] {
                _ = try await api.client.query("UPDATE pressroom.outputs SET status = \(status)")
                let answer = try await api.send(.PATCH, path, ["content": .string("While \(status).")] as JSON)
                #expect(answer.status == (isAtWork ? 409 : 200), "\(status)")
                #expect(answer.json["current_status"] == (isAtWork ? .string(status) : nil))
            }
            let empty: UUID = try await api.client.query(
                "INSERT INTO pressroom.outputs (tenant_id, task_id, track) VALUES ('default', \(task), 'new') RETURNING id")[0].decode(0)
            let answer = try await api.send(.PATCH, "/api/v1/outputs/\(empty.text)", ["content": "x"] as JSON)
            #expect(answer.status == 409 && answer.json["current_status"] == "pending_write")
        }
    }

    @Test func derivedAndLargeMembersOfATaskAreAskedFor() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 1)
            _ = try await api.client.query(
                """
                UPDATE pressroom.phases SET status = 'completed', place = 0,
                       output = (SELECT json_build_object('output_ids', json_agg(id)) FROM pressroom.outputs)
                 WHERE key = 'write'
                """)
            let path = "/api/v1/tasks/\(task.text)"
            let plain = try await api.send(.GET, path)
            #expect(plain.json["accumulated_context"] == nil && plain.json.object?["result"] == .null)
            let wide = try await api.send(.GET, path + "?include=accumulated_context")
            let context = wide.json["accumulated_context"]
            #expect(context?["step_0_output"] == "line one\nline \"two\" 1")
            #expect(context?["phases"]?["write"]?["outputs"]?[0]?["content"] == "line one\nline \"two\" 1")
            // It changes without the task's version.
            let tag = try #require(wide.tag)
            #expect(try await api.send(.GET, path + "?include=accumulated_context", headers: ["if-none-match": tag]).status == 200)
            let state = try await api.send(.GET, path + "/state?include=accumulated_context")
            #expect(state.json["task"]?["accumulated_context"] == context)
            #expect(try await api.send(.GET, path + "/state").json["task"]?["accumulated_context"] == nil)

            let entry = try #require(try await api.send(.GET, "/api/v1/tasks").items.first?.object)
            #expect(!entry.keys.contains("result") && !entry.keys.contains("accumulated_context"))
            let full = try await api.send(.GET, "/api/v1/tasks?include=result,accumulated_context").items.first
            #expect(full?.object?["result"] == .null && full?["accumulated_context"] == context)
            #expect(try await api.send(.GET, "/api/v1/tasks?include=rseult").pointers == ["/query/include"])
        }
    }
}
