import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

@Suite struct HumanTaskRouteTests {
    @Test func thePeopleOfAnInboxListClaimReassignAndAnswer() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let ids = try await api.addHumanTasks(to: task)
            let path = "/api/v1/human-tasks"
            #expect(try await api.send(.GET, path).items.compactMap { $0["id"]?.string } == ids.reversed().map(\.text))
            #expect(try await api.send(.GET, path + "?assignee=ada").items.count == 1)
            #expect(try await api.send(.GET, path + "?group=managers&status=pending,claimed").items.count == 2)
            #expect(try await api.send(.GET, path + "?overdue=true").items.compactMap { $0["id"]?.string } == [ids[2].text])
            #expect(try await api.send(.GET, path + "?overdue=false").items.count == 2)
            #expect(try await api.send(.GET, path + "?status=done").pointers == ["/query/status"])
            let page = try await api.send(.GET, path + "?limit=2")
            let next = try #require(page.json["next"]?.string)
            #expect(try await api.send(.GET, path + "?limit=2&after=\(next)").items.compactMap { $0["id"]?.string } == [ids[0].text])

            let one = path + "/\(ids[0].text)"
            let shown = try await api.send(.GET, one)
            #expect(shown.tag == "\"1\"")
            #expect(try await api.send(.GET, one, headers: ["if-none-match": "\"1\""]).status == 304)
            let claimed = try await api.send(.POST, one + "/claim", headers: ["if-match": "\"1\""])
            #expect(claimed.json["status"] == "claimed")
            #expect(claimed.json["claimed_by"] == "local")
            #expect(claimed.tag == "\"2\"")
            #expect(try await api.send(.POST, one + "/claim").json == claimed.json, "again changes nothing")
            #expect(try await api.send(.POST, one + "/cancel", headers: ["if-match": "\"1\""]).status == 412)
            let given = try await api.send(.POST, one + "/reassign", ["assignee_id": "bob"] as JSON)
            #expect(given.json["status"] == "pending")
            #expect(given.json["claimed_by"] == .null)
            #expect([given.json["assignee_id"], given.json["assignee_group"]] == ["bob", .null])

            let wrong = try await api.send(.POST, one + "/complete", ["data": ["approved": "yes", "x": 1]] as JSON)
            #expect(wrong.status == 422)
            #expect(wrong.pointers == ["/data/approved"])
            for data: JSON in [nil, [], "x", 3] {
                let none = try await api.send(.POST, one + "/complete", ["data": data] as JSON)
                #expect(none.status == 422 && none.pointers == ["/data"], "\(none.text)")
            }
            #expect(try await api.send(.POST, one + "/complete", ["dta": 1] as JSON).pointers == ["/dta"])
            #expect(try await api.send(.POST, one + "/reassign", [:] as JSON).pointers == ["/assignee_id"])
            let data: JSON = ["data": ["approved": true]]
            let done = try await api.send(.POST, one + "/complete", data, headers: ["idempotency-key": "k"])
            #expect(done.status == 200)
            #expect(done.json["response"] == ["approved": true])
            #expect([done.json["status"], done.json["completed_by"]] == ["completed", "local"])
            let again = try await api.send(.POST, one + "/complete", data, headers: ["idempotency-key": "k"])
            #expect(again.json == done.json)
            #expect(again.headers["idempotency-replayed"] == ["true"])
            let late = try await api.send(.POST, one + "/complete", data)
            #expect(late.status == 409)
            #expect(late.json["current_status"] == "completed")
            #expect(try await api.send(.GET, path + "/\(UUID().uuidString)").status == 404)
            #expect(try await api.send(.POST, path + "/\(UUID().uuidString)/claim").status == 404)

            let state = try await api.send(.GET, "/api/v1/tasks/\(task.text)/state")
            #expect(state.json["human_tasks"]?.array?.count == 3)
            #expect(state.json["human_tasks"]?[0] == (try await api.send(.GET, one)).json)
            let history = try await api.send(.GET, "/api/v1/tasks/\(task.text)/history").items
            let steps = history.filter { $0["entity_id"] == .string(ids[0].text) }.map { $0["to"] }
            #expect(steps == ["completed", "pending", "claimed", "pending"])
        }
    }

    @Test func whatSomebodyElseHasClaimedIsTheirs() async throws {
        try await APIFixture.with { api in
            let id = try await api.addHumanTasks(to: try await api.startTask())[0]
            _ = try await api.client.query(
                "UPDATE pressroom.human_tasks SET status = 'claimed', claimed_by = 'ada' WHERE id = \(id)")
            let path = "/api/v1/human-tasks/\(id.text)"
            for action in ["claim", "complete"] {
                let answer = try await api.send(.POST, path + "/" + action, ["data": ["approved": true]] as JSON)
                #expect(answer.status == (action == "claim" ? 422 : 409))
            }
            #expect(try await api.send(.POST, path + "/claim").json["current_status"] == "claimed")
            #expect(try await api.send(.POST, path + "/reassign", ["assignee_group": "editors"] as JSON).status == 200)
            #expect(try await api.send(.POST, path + "/claim").json["claimed_by"] == "local")
        }
    }
}

extension APIFixture {
    /// Three human tasks: for a group with a form, for a user, and for a group with a due time that has passed.
    fileprivate func addHumanTasks(to task: UUID) async throws -> [UUID] {
        let ids = (0..<3).map { _ in UUIDv7.next() }
        let form = #"{"type": "object", "properties": {"approved": {"type": "boolean"}}}"#
        for (id, user, group, due) in [
            (ids[0], nil, "managers", nil), (ids[1], "ada", nil, "2999-01-01"), (ids[2], nil, "managers", "2001-01-01"),
        ] as [(UUID, String?, String?, String?)] {
            _ = try await client.query(
                """
                INSERT INTO pressroom.human_tasks (tenant_id, id, task_id, step_id, title, form_schema, assignee_id,
                       assignee_group, due_at)
                VALUES ('default', \(id), \(task), pressroom.uuid_v7(), 'Look', \(form)::json, \(user), \(group),
                        \(due)::timestamptz)
                """)
        }
        return ids
    }
}
