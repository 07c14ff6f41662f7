import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

@Suite struct CallRouteTests {
    /// Two tasks with a step each; the first with three attempts of two calls, the second with one of one.
    private func addRows(_ api: APIFixture) async throws -> (UUID, UUID) {
        let tasks = (try await api.startTask(), try await api.startTask())
        for task in [tasks.0, tasks.1] { try await TaskRows.add(to: task, api.client, outputs: 1) }
        for (task, attempts, calls) in [(tasks.0, 3, 2), (tasks.1, 1, 1)] {
            _ = try await api.client.pipeline([
                """
                INSERT INTO pressroom.attempts (tenant_id, task_id, phase_id, step_id, attempt, status, error, ended_at)
                SELECT tenant_id, task_id, phase_id, id, n, CASE WHEN n = \(attempts) THEN 'completed' ELSE 'failed' END,
                       CASE WHEN n < \(attempts) THEN '{"code": "unavailable"}'::json END, now()
                  FROM pressroom.steps, generate_series(1, \(attempts)) AS n WHERE task_id = \(task)
                """,
                """
                INSERT INTO pressroom.calls (tenant_id, id, task_id, phase_id, step_id, attempt, sequence, kind, agent, provider,
                                             model_asked, status, usage, sent_at, ended_at)
                SELECT tenant_id, pressroom.uuid_v7(), task_id, phase_id, id, n, m, 'chat', 'ada', 'local', 'local/m' || m,
                       CASE m WHEN 1 THEN 'failed' ELSE 'completed' END, '{}', now(), now()
                  FROM pressroom.steps, generate_series(1, \(attempts)) AS n, generate_series(1, \(calls)) AS m WHERE task_id = \(task)
                """,
            ])
        }
        return tasks
    }

    @Test func listsAndTheirFilters() async throws {
        try await APIFixture.with { api in
            let (first, second) = try await addRows(api)
            let step = try #require(try await api.send(.GET, "/api/v1/tasks/\(first.text)/steps").items.first?["id"]?.string)
            for (query, count) in [
                ("attempts", 4), ("attempts?task_id=\(first.text)", 3), ("attempts?step_id=\(step)", 3), ("attempts?status=failed", 2),
                ("attempts?status=failed,completed", 4), ("attempts?error_code=unavailable&task_id=\(second.text)", 0),
                ("attempts?error_code=unavailable", 2), ("attempts?since=2000-01-01T00:00:00Z", 4), ("attempts?since=2999-01-01T00:00:00Z", 0),
                ("tasks/\(first.text)/attempts", 3), ("tasks/\(first.text)/attempts?status=lost", 0),
                ("calls", 7), ("calls?task_id=\(second.text)", 1), ("calls?step_id=\(step)", 6), ("calls?model=local/m2", 3),
                ("calls?status=failed", 4), ("calls?status=failed&model=local/m1&task_id=\(first.text)", 3),
                ("calls?since=2999-01-01T00:00:00Z", 0), ("calls?since=2000-01-01T00:00:00Z", 7), ("tasks/\(second.text)/calls", 1),
                ("calls?task_id=\(UUID().text)", 0), ("calls?step_id=\(UUID().text)", 0),
            ] as [(String, Int)] {
                let answer = try await api.send(.GET, "/api/v1/\(query)")
                #expect(answer.status == 200 && answer.items.count == count, "\(query): \(answer.text)")
            }
            // Pages make up the list, the newest first.
            let whole = try await api.send(.GET, "/api/v1/calls").items
            var items: [JSON] = []
            var next: String? = "/api/v1/calls?limit=3"
            while let page = next {
                let answer = try await api.send(.GET, page)
                items += answer.items
                next = answer.json["next"]?.string.map { "/api/v1/calls?limit=3&after=\($0)" }
            }
            #expect(items == whole)
            let ids = whole.compactMap { $0["id"]?.string }
            #expect(ids == ids.sorted(by: >) && ids.count == 7)
        }
    }

    @Test func oneCallWithItsBodies() async throws {
        try await APIFixture.with { api in
            _ = try await addRows(api)
            let ids = try await api.send(.GET, "/api/v1/calls").items.compactMap { $0["id"]?.string }
            let bare = try await api.send(.GET, "/api/v1/calls/\(ids[0])")
            #expect(bare.status == 200 && bare.json["request"] == .null && bare.json["request_cut"] == false && bare.json["response_bytes"] == .null)
            _ = try await api.client.query(
                """
                INSERT INTO pressroom.call_bodies (tenant_id, call_id, request, response, request_bytes, response_bytes, response_cut)
                VALUES ('default', \(ids[1])::uuid, E'{"a": "\\n"}', 'half', 11, 900, true)
                """)
            let whole = try await api.send(.GET, "/api/v1/calls/\(ids[1])").json
            #expect(whole["request"]?.string?.hasPrefix("{\"a\"") == true && whole["response"] == "half" && whole["response_cut"] == true)
            #expect([whole["request_bytes"], whole["response_bytes"]] == [11, 900])
        }
    }

    @Test(arguments: [
        ("calls?status=lost", 400, "/query/status"), ("calls?kind=chat", 400, "/query/kind"), ("attempts?status=done", 400, "/query/status"),
        ("attempts?since=yesterday", 400, "/query/since"), ("calls?task_id=7", 400, "/query/task_id"), ("calls/7", 400, "/path/id"),
        ("calls/01a22fa9-7fa9-771b-b01d-949d51f2c4a0", 404, nil), ("tasks/01a22fa9-7fa9-771b-b01d-949d51f2c4a0/calls", 404, nil),
        ("tasks/01a22fa9-7fa9-771b-b01d-949d51f2c4a0/attempts", 404, nil), ("calls?after=bm9uc2Vuc2U", 400, "/query/after"),
    ] as [(String, Int, String?)])
    func wrongRequests(_ path: String, _ status: Int, _ pointer: String?) async throws {
        try await APIFixture.with { api in
            let answer = try await api.send(.GET, "/api/v1/\(path)")
            #expect(answer.status == status && answer.isProblem, "\(answer.text)")
            if let pointer { #expect(answer.json["errors"]?[0]?["pointer"]?.string == pointer, "\(answer.text)") }
        }
    }

    /// Retention takes events away, and no transition.
    @Test func theHistoryOutlivesTheLog() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 3)
            let path = "/api/v1/tasks/\(task.text)"
            _ = try await api.send(.POST, path + "/pause")
            let before = try await api.send(.GET, path + "/history?limit=500").items
            // In parts that cut through the transitions of rows.
            #expect(try await api.store.pruneEvents(olderThan: .seconds(-60), span: 3) > 0)
            #expect(try await api.client.query("SELECT FROM pressroom.events").isEmpty)
            #expect(try await api.send(.GET, path + "/history?limit=500").items == before)
            _ = try await api.send(.POST, path + "/resume")
            _ = try await api.send(.POST, path + "/cancel")
            let after = try await api.send(.GET, path + "/history?limit=500").items
            #expect(Array(after.suffix(before.count)) == before)
            #expect(after.filter { $0["entity"] == "task" }.prefix(2).map { [$0["from"], $0["to"]] } == [["pending", "cancelled"], ["paused", "pending"]])
            #expect(try await api.store.pruneEvents(olderThan: .seconds(-60)) > 0)
            #expect(try await api.send(.GET, path + "/history?limit=500").items == after)
            let answer = try await api.send(.DELETE, path, headers: [:])
            #expect(answer.status == 204, "\(answer.text)")
            #expect(try await api.client.query("SELECT FROM pressroom.status_changes").isEmpty)
        }
    }
}
