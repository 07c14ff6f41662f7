import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

@testable import API

@Suite struct OverviewRouteTests {
    @Test func stepsAreFoundOverAllTasks() async throws {
        try await APIFixture.with { api in
            let (first, second) = (try await api.startTask(), try await api.startTask())
            try await TaskRows.add(to: first, api.client, outputs: 3)
            try await TaskRows.add(to: second, api.client, outputs: 2)
            _ = try await api.client.query(
                "UPDATE pressroom.steps SET status = 'failed', error = '{\"code\": \"stalled\"}' WHERE task_id = \(second) AND sequence = 1")
            for (query, count) in [
                ("", 5), ("?task_id=\(first.text)", 3), ("?status=failed", 1), ("?status=failed,pending", 5), ("?status=pending", 4),
                ("?kind=evaluate", 5), ("?kind=write", 0), ("?agent=ada", 5), ("?agent=bob", 0), ("?model=local/m", 0), ("?phase=judge", 5),
                ("?phase=write", 0), ("?error_code=stalled", 1), ("?status=failed&error_code=refused", 0),
                ("?since=2999-01-01T00:00:00Z", 0), ("?since=2000-01-01T00:00:00Z", 5),
            ] as [(String, Int)] {
                let answer = try await api.send(.GET, "/api/v1/steps\(query)")
                #expect(answer.status == 200 && answer.items.count == count, "\(query): \(answer.text)")
                #expect(answer.json["total"] == nil)
            }
            let row = try #require(try await api.send(.GET, "/api/v1/steps?status=failed").items.first)
            let one = try await api.send(.GET, "/api/v1/steps/\(row["id"]?.string ?? "")")
            #expect(one.json == row && one.tag == "\"\(row["version"]?.int ?? 0)\"")
            #expect(try await api.send(.GET, "/api/v1/steps/\(UUID().text)").status == 404)
            #expect(try await api.send(.GET, "/api/v1/steps?status=done").pointers == ["/query/status"])
        }
    }

    @Test func listsAreCounted() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 7)
            for (path, total) in [
                ("steps?count=true", 7), ("steps?status=failed&count=true", 0), ("steps?agent=ada&limit=2&count=true", 7), ("tasks?count=true", 1),
                ("tasks?q=tea&count=true", 1), ("tasks?q=coffee&count=true", 0), ("human-tasks?count=true", 0), ("calls?count=true", 0),
                ("tasks/\(task.text)/outputs?limit=3&count=true", 7), ("tasks/\(task.text)/logs?count=true", 7),
            ] as [(String, Int)] {
                let answer = try await api.send(.GET, "/api/v1/\(path)")
                #expect(answer.json["total"]?.int == total && answer.json["total_is_floor"] == nil, "\(path): \(answer.text)")
            }
            // The total is of the whole list, whichever page it comes with.
            let first = try await api.send(.GET, "/api/v1/steps?limit=3&count=true")
            let next = try #require(first.json["next"]?.string)
            #expect(try await api.send(.GET, "/api/v1/steps?limit=3&count=true&after=\(next)").json["total"] == 7)
            #expect(try await api.send(.GET, "/api/v1/steps?limit=3&count=false").json["total"] == nil)
            #expect(try await api.send(.GET, "/api/v1/steps?count=yes").pointers == ["/query/count"])
            let history = try await api.send(.GET, "/api/v1/tasks/\(task.text)/history?limit=500&count=true").json
            #expect(history["total"]?.int == history["items"]?.array?.count, "\(history)")
        }
    }

    @Test func aLongListIsCountedToItsFloor() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            _ = try await api.client.query(
                """
                INSERT INTO pressroom.logs (tenant_id, task_id, level, message)
                SELECT 'default', \(task), 'info', 'line' FROM generate_series(1, 10005)
                """)
            let answer = try await api.send(.GET, "/api/v1/tasks/\(task.text)/logs?limit=1&count=true")
            #expect(answer.json["total"] == 10_000 && answer.json["total_is_floor"] == true)
        }
    }

    @Test func queuesNodesAndTheOverview() async throws {
        try await APIFixture.with(configure: { $0.modelLimits = ["local": ModelLimits(concurrency: 4), "local/m": ModelLimits(concurrency: 2)] }) { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 4)
            let node = UUIDv7.next()
            try await api.store.registerProcessor(id: node, host: "here boot pid:[1]", pid: 7) { _ in true }
            _ = try await api.client.pipeline([
                "INSERT INTO pressroom.tenants (tenant_id) VALUES ('other')",
                "UPDATE pressroom.steps SET run_at = now() - interval '1 minute' WHERE sequence = 1",
                """
                INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, agent, model, sequence, status, processor_id, attempt)
                SELECT tenant_id, task_id, phase_id, 'write', 'warm', 'local/m', 10 + n, CASE WHEN n < 3 THEN 'pending' ELSE 'running' END,
                       CASE WHEN n >= 3 THEN \(node)::uuid END, CASE WHEN n >= 3 THEN 1 ELSE 0 END
                  FROM (SELECT * FROM pressroom.steps ORDER BY id LIMIT 1) s, generate_series(1, 5) AS n
                """,
                """
                INSERT INTO pressroom.attempts (tenant_id, task_id, phase_id, step_id, attempt, status, error, ended_at)
                SELECT tenant_id, task_id, phase_id, id, 1, 'failed', '{"code": "stalled"}', now() FROM pressroom.steps WHERE sequence < 3
                """,
                """
                INSERT INTO pressroom.calls (tenant_id, id, task_id, phase_id, step_id, attempt, sequence, kind, model_asked, status, usage,
                                             sent_at, ended_at)
                SELECT tenant_id, pressroom.uuid_v7(), task_id, phase_id, id, 1, 1, 'chat', 'local/m', 'completed',
                       '{"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5}', now() - interval '2 seconds', now()
                  FROM pressroom.steps WHERE sequence < 3
                """,
            ])
            let queues = try await api.send(.GET, "/api/v1/queues").items
            #expect(queues.map { $0["model"] } == [.null, "local/m"])
            #expect(queues.map { $0["waiting"] } == [4, 2])
            #expect(queues.map { $0["running"] } == [0, 3])
            #expect(queues.map { $0["limit"] } == [.null, 2])
            #expect(queues.last?["provider"] == "local")
            #expect(queues.first?["oldest"]?.string.flatMap(Timestamp.init(rfc3339:)) != nil)
            #expect(queues.allSatisfy { $0["others"] == ["waiting": 0, "running": 0] })
            let nodes = try await api.send(.GET, "/api/v1/processors").items
            #expect(nodes.map { [$0["id"], $0["host"], $0["running"], $0["others"]] } == [[.string(node.text), "here", 3, 0]])
            #expect(nodes.first?["version"] == .string(ServiceVersion.text))

            let overview = try await api.send(.GET, "/api/v1/overview?window=30m")
            #expect(overview.status == 200, "\(overview.text)")
            let counts = overview.json
            #expect(counts["cursor"]?.string.flatMap { Cursor($0) } != nil && counts["window"] == "30m")
            #expect([counts["tasks"]?["pending"], counts["tasks"]?["completed"], counts["started"]] == [1, 0, 1])
            #expect(counts["errors"] == [["code": "stalled", "count": 2]])
            let model = counts["models"]?[0]
            #expect(model?["model"] == "local/m")
            #expect([model?["calls"], model?["prompt_tokens"], model?["completion_tokens"]] == [2, 6, 8])
            #expect(model?["cost"]?.double == 1)
            #expect((1.5...2.5).contains(model?["p50"]?.double ?? 0))
            #expect(counts["human_tasks"] == ["open": 0, "overdue": 0])
            #expect(counts["queues"]?.array?.count == 2 && counts["processors"]?.array?.count == 1)
            for window in ["1s", "31d", "soon", "-1h"] {
                #expect(try await api.send(.GET, "/api/v1/overview?window=\(window)").pointers == ["/query/window"], "\(window)")
            }
        }
    }

    @Test func usageIsSummedAndStaysWhenItIsRolledUp() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 2)
            _ = try await api.client.query("UPDATE pressroom.tasks SET created_at = now() - interval '31 hours' WHERE task_id = \(task)")
            // Calls of now, of two hours ago, and of thirty hours ago, each of two models.
            _ = try await api.client.query(
                """
                INSERT INTO pressroom.calls (tenant_id, id, task_id, phase_id, step_id, attempt, sequence, kind, agent, model_asked, status,
                                             usage, sent_at, ended_at)
                SELECT tenant_id, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || lpad(to_hex(n * 10 + m), 20, '0'))::uuid,
                       task_id, phase_id, id, n, m, 'chat', 'ada', 'local/m' || m, 'completed',
                       json_build_object('prompt_tokens', 10, 'completion_tokens', m, 'cost', CASE m WHEN 1 THEN 0.25 END),
                       at, at + interval '3 seconds'
                  FROM (SELECT * FROM pressroom.steps ORDER BY id LIMIT 1) s, generate_series(1, 2) AS m,
                       (VALUES (1, now() - interval '4 seconds'), (2, now() - interval '2 hours'), (3, now() - interval '30 hours')) AS t (n, at)
                """)
            func usage(_ query: String) async throws -> [JSON] {
                let answer = try await api.send(.GET, "/api/v1/usage?\(query)")
                #expect(answer.status == 200, "\(answer.text)")
                return answer.items
            }
            let recent = try await usage("by=model")
            #expect(recent.map { [$0["model"], $0["calls"], $0["prompt_tokens"], $0["completion_tokens"]] } == [["local/m2", 2, 20, 4], ["local/m1", 2, 20, 2]])
            #expect(recent.map { $0["incomplete"] } == [true, false] && recent[1]["cost"]?.double == 0.5 && recent[0]["cost"] == .null)
            #expect(recent.allSatisfy { ($0["p50"]?.double).map { (2...4).contains($0) } == true })
            let long = "by=agent&since=\(Timestamp(Date(timeIntervalSinceNow: -40 * 3600)).text)"
            #expect(try await usage(long).map { $0["calls"] } == [4], "not summed yet")
            try await api.store.rollUpUsage()
            let whole = try await usage(long)
            #expect(whole.map { [$0["agent"], $0["calls"], $0["completion_tokens"]] } == [["ada", 6, 9]])
            try await api.store.rollUpUsage()
            #expect(try await usage(long) == whole)
            // A task that ends counts by its workflow.
            _ = try await api.send(.POST, "/api/v1/tasks/\(task.text)/cancel")
            let workflows = try await usage("by=version")
            #expect(workflows.map { [$0["workflow_name"], $0["workflow_version"], $0["tasks"], $0["completed"], $0["calls"]] } == [["launch", "1.0.0", 1, 0, 4]])
            #expect(try await usage("by=workflow&until=2020-01-01T00:00:00Z&since=2019-12-31T00:00:00Z").isEmpty)
            for (query, pointer) in [("by=day", "/query/by"), ("since=now", "/query/since")] {
                #expect(try await api.send(.GET, "/api/v1/usage?\(query)").pointers == [pointer])
            }
        }
    }
}
