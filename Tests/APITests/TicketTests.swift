import Access
import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

@testable import API

/// What a ticket opens, and when it ends.
@Suite struct TicketTests {
    private struct Desk: Sendable {
        let api: APIFixture
        /// Of an admin who may name other users.
        let owner: (text: String, keyID: String)
        /// Of a user `ada` who reads and writes.
        let ada: (text: String, keyID: String)
        let task: UUID
        /// For the group `managers`, for `ada`, for `bob`.
        let questions: [UUID]

        func send(
            _ method: HTTPMethod, _ path: String, _ body: JSON? = nil, key: String? = nil, ticket: String? = nil
        ) async throws -> Answer {
            var path = "/api/v1" + path
            if let ticket { path += (path.contains("?") ? "&" : "?") + "ticket=\(ticket)" }
            return try await api.send(method, path, body, headers: key.map { ["authorization": "Bearer \($0)"] } ?? [:])
        }

        /// For the task, or for what `limits` names.
        func ticket(_ more: JSONObject = [:], limits: JSONObject? = nil, key: String? = nil) async throws -> String {
            let body = (limits ?? ["task_id": .string(task.text)]).merging(more) { $1 }
            let made = try await send(.POST, "/stream-tickets", .object(body), key: key ?? owner.text)
            #expect(made.status == 201, "\(made.text)")
            let text = made.json["ticket"]?.string ?? ""
            let stream = limits == nil ? "/api/v1/tasks/\(task.text)/stream" : "/api/v1/stream"
            #expect(made.json["url"]?.string == "\(stream)?ticket=\(text)")
            return text
        }
    }

    private func withDesk(_ body: @escaping @Sendable (Desk) async throws -> Void) async throws {
        try await APIFixture.with(configure: {
            $0.authentication = .required
            $0.failedCredentialsPerMinute = 0
            $0.access.maxAge = .zero
        }) { api in
            func key(_ user: String, _ scopes: [AccessScope]) async throws -> (text: String, keyID: String) {
                let key = APIKey()
                _ = try await api.store.createAPIKey(
                    APIFixture.scope,
                    NewAPIKey(
                        name: "k", keyID: key.keyID, secretHash: key.secretHash, userID: user, groups: [], scopes: scopes,
                        workspaceID: nil, expiresAt: nil))
                return (key.text, key.keyID)
            }
            let owner = try await key("root", [.read, .write, .admin, .act])
            let headers = ["authorization": "Bearer \(owner.text)"]
            _ = try await api.send(.POST, "/api/v1/workflows", YAML.workflow(), headers: headers)
            let started = try await api.send(
                .POST, "/api/v1/tasks", ["workflow": "launch", "input": ["topic": "tea"]] as JSON, headers: headers)
            let task = try #require(started.json["task_id"]?.string.flatMap { UUID(text: $0) }, "\(started.text)")
            try await TaskRows.add(to: task, api.client)
            _ = try await api.client.query(
                """
                UPDATE pressroom.tasks SET usage = '{"cost": 1}', error = '{"code": "broken", "message": "sk-1 is refused"}'
                 WHERE task_id = \(task)
                """)
            let ids = (0..<3).map { _ in UUIDv7.next() }
            for (id, user, group) in [(ids[0], nil, "managers"), (ids[1], "ada", nil), (ids[2], "bob", nil)] as [(UUID, String?, String?)] {
                _ = try await api.client.query(
                    """
                    INSERT INTO pressroom.human_tasks (tenant_id, id, task_id, step_id, title, form_schema, assignee_id, assignee_group)
                    VALUES ('default', \(id), \(task), pressroom.uuid_v7(), 'Look', '{"type": "object"}', \(user), \(group))
                    """)
            }
            let desk = Desk(api: api, owner: owner, ada: try await key("ada", [.read, .write]), task: task, questions: ids)
            try await body(desk)
        }
    }

    @Test func byDefaultItShowsTextsAndNeitherUsageNorDetailsOfErrors() async throws {
        try await withDesk { desk in
            let ticket = try await desk.ticket()
            let path = "/tasks/\(desk.task.text)"
            let state = try await desk.send(.GET, path + "/state?include=versions,logs", ticket: ticket).json
            for list in ["outputs", "output_versions", "rankings", "phases", "live"] {
                #expect(state[list]?.array?.isEmpty == false, "\(list)")
            }
            for list in ["steps", "evaluations", "human_tasks", "logs"] { #expect(state[list] == [], "\(list)") }
            #expect(state["task"]?["error"] == ["code": "broken"] && state["task"]?["usage"] == nil)
            #expect(state["outputs"]?[0]?["content"] != nil && state["outputs"]?[0]?["usage"] == nil)

            let row = try await desk.send(.GET, path, ticket: ticket)
            #expect(row.status == 200 && row.json["error"] == ["code": "broken"] && row.json["usage"] == nil)
            for (list, status) in [
                "outputs": 200, "rankings": 200, "evaluations": 403, "steps": 403, "logs": 403, "history": 403,
            ] {
                let answer = try await desk.send(.GET, "\(path)/\(list)", ticket: ticket)
                #expect(answer.status == status, "\(list)")
                #expect(!answer.text.contains("\"usage\""), "\(list)")
            }
            #expect(try await desk.send(.GET, path, key: desk.ada.text).json["usage"] == ["cost": 1], "for a key")
        }
    }

    @Test func whatItNamesIsItsUpperBound() async throws {
        try await withDesk { desk in
            let path = "/tasks/\(desk.task.text)"
            let whole = try await desk.ticket(["include": ["usage", "errors", "logs"]])
            let state = try await desk.send(.GET, path + "/state?include=logs", ticket: whole).json
            #expect(state["task"]?["error"]?["message"] == "sk-1 is refused" && state["task"]?["usage"] == ["cost": 1])
            #expect(state["logs"]?.array?.isEmpty == false)
            #expect(try await desk.send(.GET, path + "/logs", ticket: whole).status == 200)

            let narrow = try await desk.ticket(["types": ["output_updated", "step_updated"]])
            let small = try await desk.send(.GET, path + "/state", ticket: narrow).json
            #expect(small["task"]?["input"] == nil && small["task"]?["status"] == small["status"])
            #expect(small["steps"]?.array?.isEmpty == false && small["phases"] == [])
            #expect(try await desk.send(.GET, path, ticket: narrow).status == 403)
            #expect(try await desk.send(.GET, path + "/steps", ticket: narrow).status == 200)
            #expect(try await desk.send(.GET, path + "/state?include=accumulated_context", ticket: narrow).status == 403)

            let list = try await desk.ticket(limits: ["workflow": "launch"])
            let tasks = try await desk.send(.GET, "/tasks", ticket: list)
            #expect(tasks.items.count == 1 && tasks.items[0]["usage"] == nil && tasks.items[0]["error"] == ["code": "broken"])
        }
    }

    /// The reasons of a judge are its verdict's: they are opened by their own type, and not by default.
    @Test func textsInProgressAreOpenedByTheirTypes() async throws {
        try await withDesk { desk in
            let path = "/tasks/\(desk.task.text)/state"
            _ = try await desk.api.client.pipeline([
                """
                UPDATE pressroom.steps SET status = 'running', attempt = 1, processor_id = pressroom.uuid_v7()
                 WHERE id = (SELECT min(id::text)::uuid FROM pressroom.steps WHERE task_id = \(desk.task))
                """,
                """
                INSERT INTO pressroom.live_texts (tenant_id, task_id, step_id, attempt, processor_id, text)
                SELECT tenant_id, task_id, id, attempt, processor_id, 'attempt 1'
                  FROM pressroom.steps WHERE task_id = \(desk.task) AND status = 'running'
                """,
            ])
            func texts(_ types: [JSON]?, _ query: String = "") async throws -> [String] {
                let ticket = try await desk.ticket(types.map { ["types": .array($0)] } ?? [:])
                let state = try await desk.send(.GET, path + query, ticket: ticket).json
                return state["live"]?.array?.compactMap { $0["text"]?.string }.sorted() ?? []
            }
            #expect(try await texts(nil) == ["written so far"])
            #expect(try await texts(["output_delta"]) == ["written so far"])
            #expect(try await texts(["step_delta"]) == ["attempt 1"])
            #expect(try await texts(["step_delta", "output_delta", "step_updated"]) == ["attempt 1", "written so far"])
            #expect(try await texts(["step_delta", "output_delta"], "?steps=false") == ["written so far"])
            // A text of an attempt that has ended is none.
            _ = try await desk.api.client.query("UPDATE pressroom.live_texts SET attempt = 2 WHERE output_id IS NULL")
            #expect(try await texts(["step_delta"]) == [])
        }
    }

    @Test func itAnswersTheQuestionsThatItNamesAndNoOthers() async throws {
        try await withDesk { desk in
            let (forManagers, forAda, forBob) = (desk.questions[0], desk.questions[1], desk.questions[2])
            let path = "/human-tasks"
            // A back end answers for its users.
            let ticket = try await desk.ticket(["user_id": "root", "answer": [.string(forBob.text)]])
            #expect(try await desk.send(.GET, "\(path)/\(forBob.text)", ticket: ticket).status == 200)
            #expect(try await desk.send(.POST, "\(path)/\(forBob.text)/reassign", ["assignee_id": "x"], ticket: ticket).status == 403)
            #expect(try await desk.send(.POST, "\(path)/\(forBob.text)/cancel", ticket: ticket).status == 403)
            #expect(try await desk.send(.GET, path, ticket: ticket).status == 403)
            for other in [forManagers, forAda] {
                #expect(try await desk.send(.GET, "\(path)/\(other.text)", ticket: ticket).status == 403)
                #expect(try await desk.send(.POST, "\(path)/\(other.text)/complete", ["data": [:]], ticket: ticket).status == 403)
            }
            #expect(try await desk.send(.POST, "\(path)/\(forBob.text)/claim", ticket: ticket).status == 200)
            let done = try await desk.send(.POST, "\(path)/\(forBob.text)/complete", ["data": [:]], ticket: ticket)
            #expect(done.status == 200 && done.json["completed_by"] == "root", "\(done.text)")
            let actor = try await desk.api.client.query(
                "SELECT actor FROM pressroom.events WHERE type = 'human_task_updated' ORDER BY position DESC LIMIT 1")
            #expect(try actor[0].decode(0, as: String.self) == "user:root key:\(desk.owner.keyID)")

            // A user gives away what is the user's own, within what the ticket opens.
            func make(_ question: UUID, _ more: JSONObject = [:], key: String) async throws -> Answer {
                var body: JSONObject = ["task_id": .string(desk.task.text), "answer": [.string(question.text)]]
                for (name, value) in more { body[name] = value }
                return try await desk.send(.POST, "/stream-tickets", .object(body), key: key)
            }
            #expect(try await make(forAda, key: desk.ada.text).status == 201)
            #expect(try await make(forBob, key: desk.ada.text).pointers == ["/answer"])
            #expect(try await make(UUIDv7.next(), key: desk.owner.text).pointers == ["/answer"])
            #expect(try await make(forBob, ["conversation_id": "other"], key: desk.owner.text).pointers == ["/answer"])
            #expect(try await make(forAda, ["include": ["secrets"]], key: desk.ada.text).pointers == ["/include/0"])
        }
    }

    @Test func itEndsWithWhatMadeIt() async throws {
        try await withDesk { desk in
            let path = "/tasks/\(desk.task.text)/state"
            func change(_ assignment: PostgresQuery, of keyID: String) async throws {
                _ = try await desk.api.client.query("UPDATE pressroom.api_keys SET \(part: assignment) WHERE key_id = \(keyID)")
            }
            let forBob = try await desk.ticket(["answer": [.string(desk.questions[2].text)]])
            let plain = try await desk.ticket()
            #expect(try await desk.send(.GET, path, ticket: forBob).status == 200)
            try await change("scopes = '{read,act}'", of: desk.owner.keyID)
            #expect(try await desk.send(.GET, path, ticket: forBob).status == 401, "it could not be made any more")
            #expect(try await desk.send(.GET, path, ticket: plain).status == 200)
            try await change("scopes = '{write}'", of: desk.owner.keyID)
            #expect(try await desk.send(.GET, path, ticket: plain).status == 401)

            let own = try await desk.ticket(key: desk.ada.text)
            #expect(try await desk.send(.GET, path, ticket: own).status == 200)
            try await change("revoked_at = now()", of: desk.ada.keyID)
            #expect(try await desk.send(.GET, path, ticket: own).status == 401)
        }
    }
}
