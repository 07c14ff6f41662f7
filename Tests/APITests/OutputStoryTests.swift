import API
import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

/// Why a draft was sent back twice, by one request.
@Suite struct OutputStoryTests {
    private struct Story {
        let path: String
        let task: UUID
        let output: UUID
    }

    /// A draft that was written at the second attempt, sent back twice, and judged; another one beside it.
    private func addStory(_ api: APIFixture) async throws -> Story {
        let task = try await api.startTask()
        try await TaskRows.add(to: task, api.client, outputs: 2)
        let output: UUID = try await api.client.query(
            "SELECT id FROM pressroom.outputs WHERE task_id = \(task) ORDER BY id LIMIT 1")[0].decode(0)
        _ = try await api.client.pipeline([
            """
            INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, output_id, kind, agent, sequence, output, created_at)
            SELECT 'default', \(task), p.id, \(output), w.kind, 'ada', w.n, w.output::json, now() - interval '1 minute' * (10 - w.n)
              FROM pressroom.phases p, (VALUES (1, 'write', '{"version_number": 1}'), (2, 'edit', '{"approved": false, "feedback": "too long"}'),
                   (3, 'rewrite', '{"version_number": 2}'), (4, 'edit', '{"approved": false, "feedback": "too dull"}')) AS w (n, kind, output)
             WHERE p.task_id = \(task) AND p.key = 'judge'
            """,
            """
            INSERT INTO pressroom.attempts (tenant_id, task_id, phase_id, step_id, attempt, status, error, ended_at)
            SELECT s.tenant_id, s.task_id, s.phase_id, s.id, n, CASE n WHEN 2 THEN 'completed' ELSE 'failed' END,
                   CASE n WHEN 1 THEN '{"code": "unavailable"}'::json END, now() + interval '1 second' * (s.sequence + n)
              FROM pressroom.steps s, generate_series(1, 2) n WHERE s.task_id = \(task)
            """,
            """
            INSERT INTO pressroom.calls (tenant_id, id, task_id, phase_id, step_id, attempt, sequence, kind, agent, status, usage, sent_at, ended_at)
            SELECT a.tenant_id, pressroom.uuid_v7(), a.task_id, a.phase_id, a.step_id, a.attempt, n, 'chat', 'ada', 'completed', '{}', now(), now()
              FROM pressroom.attempts a, generate_series(1, 2) n WHERE a.task_id = \(task)
            """,
            """
            INSERT INTO pressroom.call_bodies (tenant_id, call_id, request, response, request_bytes, response_bytes)
            SELECT c.tenant_id, c.id, 'asked ' || s.kind, E'said "' || s.kind || E'"\n🐈', 12, 34
              FROM pressroom.calls c JOIN pressroom.steps s ON s.tenant_id = c.tenant_id AND s.id = c.step_id
            """,
        ])
        return Story(path: "/api/v1/tasks/\(task.text)/outputs/\(output.text)", task: task, output: output)
    }

    @Test func everythingIsThereInOrder() async throws {
        try await APIFixture.with { api in
            let story = try await addStory(api)
            let answer = try await api.send(.GET, story.path + "?include=bodies")
            #expect(answer.status == 200 && answer.json["is_cut"] == false, "\(answer.text)")
            let outputs = try await api.send(.GET, "/api/v1/tasks/\(story.task.text)/outputs").items
            #expect(answer.json["output"] == outputs.first { $0["id"]?.string == story.output.text })
            #expect(answer.json["versions"]?.array?.map { $0["version_number"] } == [1, 2, 3])
            #expect(answer.json["evaluations"]?.array?.map { $0["score"] } == [7.25])
            let steps = answer.json["steps"]?.array ?? []
            #expect(steps.map { $0["kind"]?.string } == ["write", "edit", "rewrite", "edit", "evaluate"])
            #expect(steps.compactMap { $0["output"]?["feedback"]?.string } == ["too long", "too dull"])
            let rows = try await api.send(.GET, "/api/v1/tasks/\(story.task.text)/steps?limit=500").items
            for step in steps {
                // A step is its row, and its attempts are theirs.
                var bare = try #require(step.object)
                let attempts = bare.removeValue(forKey: "attempts")?.array ?? []
                #expect(rows.contains(.object(bare)), "\(step)")
                #expect(attempts.map { [$0["attempt"], $0["status"]] } == [[1, "failed"], [2, "completed"]])
                for attempt in attempts {
                    let calls = attempt["calls"]?.array ?? []
                    #expect(calls.map { $0["sequence"] } == [1, 2])
                    for call in calls {
                        let id = try #require(call["id"]?.string)
                        #expect(try await api.send(.GET, "/api/v1/calls/\(id)").json == call)
                        #expect(call["request"]?.string == "asked \(step["kind"]?.string ?? "")" && call["step_id"] == step["id"])
                    }
                }
            }
            // Without the bodies, the calls are their rows.
            let plain = try await api.send(.GET, story.path)
            #expect(plain.status == 200 && !plain.text.contains("asked write"))
            let calls = try await api.send(.GET, "/api/v1/tasks/\(story.task.text)/calls?limit=500").items
            let told = (plain.json["steps"]?.array ?? []).flatMap { $0["attempts"]?.array ?? [] }.flatMap { $0["calls"]?.array ?? [] }
            #expect(told.count == 20 && told.allSatisfy(calls.contains))
        }
    }

    @Test func aLongStoryIsCutAndSaysSo() async throws {
        try await APIFixture.with(configure: { $0.maxStoryBytes = 100 }) { api in
            let story = try await addStory(api)
            var request = StoryRequest()
            request.hasBodies = true
            func told() async throws -> JSON {
                let text = try await api.store.outputStory(
                    Scope(tenantID: "default", userID: "local"), story.task, outputID: story.output, request)
                return try JSON(parsing: try #require(text).bytes)
            }
            func attempts(_ json: JSON) -> [JSON] { (json["steps"]?.array ?? []).flatMap { $0["attempts"]?.array ?? [] } }
            request.maxRows = 10
            #expect(try await told()["is_cut"] == false)
            request.maxRows = 2
            let short = try await told()
            #expect(short["is_cut"] == true && short["versions"]?.array?.map { $0["version_number"] } == [2, 3])
            #expect(short["steps"]?.array?.count == 5 && attempts(short).count == 2)
            // By the setting.
            let bare = try await api.send(.GET, story.path + "?include=bodies").json
            let calls = attempts(bare).flatMap { $0["calls"]?.array ?? [] }
            let kept = calls.count { $0["request"]?.string != nil }
            #expect(bare["is_cut"] == true && calls.count == 20 && (1...8).contains(kept), "\(kept)")
            // No other draft, and no other task's.
            let other = try await api.startTask()
            #expect(try await api.store.outputStory(Scope(tenantID: "default", userID: "local"), other, outputID: story.output) == nil)
        }
    }

    @Test(arguments: [
        ("?include=everything", 400, "/query/include"), ("?limit=1", 400, "/query/limit"), ("?include=", 400, "/query/include"),
    ] as [(String, Int, String)])
    func wrongRequests(_ query: String, _ status: Int, _ pointer: String) async throws {
        try await APIFixture.with { api in
            let path = "/api/v1/tasks/\(UUIDv7.next().text)/outputs/\(UUIDv7.next().text)"
            #expect(try await api.send(.GET, path).status == 404)
            let answer = try await api.send(.GET, path + query)
            #expect(answer.status == status && answer.pointers == [pointer], "\(answer.text)")
        }
    }
}
