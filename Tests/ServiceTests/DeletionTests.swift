import AsyncHTTPClient
import Base
import Client
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import Testing
import TestSupport
import Workflow

/// A deleted task, and a deleted tenant, leave no text behind: a word that was in all of their texts is nowhere in a dump.
@Suite struct DeletionTests {
    private static let workflow = """
        name: everywhere
        version: 1.0.0
        agents:
          warm: {role: writer, model: scripted/m, system: "You know {{topic}}."}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}.", retry: {max_attempts: 3, initial: 10ms}}
          - {id: note, kind: log, message: "noted {{topic}}"}
          - {id: ask, kind: human, title: "Is {{topic}} right?", form: {type: object, properties: {comment: {type: string}}}}
          - {id: hold, kind: signal, name: go}
        """

    /// The tables in which the run below leaves its word.
    private static let tables: Set<String> = [
        "tasks", "phases", "steps", "outputs", "output_versions", "events", "human_tasks", "logs", "signals", "call_bodies",
        "idempotency_keys",
    ]

    @Test func aDeletedTaskLeavesNoText() async throws {
        try await withRun(yaml: "") { run in
            let task = try await run.wholeTask("zanzibar")
            let other = try await run.wholeTask("kilimanjaro")
            let before = try await run.dump()
            #expect(Self.tables.subtracting(before.tables(with: "zanzibar")).isEmpty, "\(before.tables(with: "zanzibar"))")
            try await run.send("DELETE", "/tasks/\(task)")
            let after = try await run.dump()
            #expect(after.tables(with: "zanzibar").isEmpty && !after.text.contains("zanzibar"))
            #expect(after.tables(with: "kilimanjaro") == before.tables(with: "kilimanjaro"))
            // Nor any other row of it, in whichever table, but what tells a hole of the log from a loss.
            for table in try await run.tablesOfTasks() where table != "deleted_tasks" {
                let rows = try await run.service.number("SELECT count(*) FROM pressroom.\(identifier: table) WHERE task_id = \(task)::uuid")
                #expect(rows == 0, "\(table)")
            }
            // With a text in progress, which a node would sweep away otherwise.
            let texts = try await run.service.database.withTransaction { connection in
                _ = try await connection.query(
                    """
                    INSERT INTO pressroom.live_texts (tenant_id, output_id, task_id, version_number, step_id, attempt, processor_id, text)
                    SELECT s.tenant_id, s.output_id, s.task_id, 9, s.id, 9, gen_random_uuid(), 'half of kilimanjaro'
                      FROM pressroom.steps s WHERE s.task_id = \(other)::uuid AND s.output_id IS NOT NULL
                    """)
                _ = try await connection.query("SELECT pressroom.delete_task('default', \(other)::uuid)")
                return try await connection.query("SELECT count(*) FROM pressroom.live_texts")[0].decode(0, as: Int.self)
            }
            #expect(texts == 0)
            #expect(try await !run.dump().text.contains("kilimanjaro"))
        }
    }

    @Test func aDeletedTenantLeavesNoText() async throws {
        try await withRun(yaml: "auth: {modes: [keys]}") { run in
            var keys: [String: String] = [:]
            for tenant in ["acme", "umbrella"] {
                _ = try await run.pressroom("tenant", "create", tenant)
                let made = try await run.pressroom(
                    "key", "create", "--tenant", tenant, "--user", "ada", "--scopes", "read,write,admin", "--json")
                keys[tenant] = try #require(try JSON(parsing: made)["key"]?.string)
            }
            let (acme, umbrella) = (run.with(key: keys["acme"]), run.with(key: keys["umbrella"]))
            _ = try await umbrella.wholeTask("kilimanjaro")
            _ = try await acme.wholeTask("zanzibar")
            try await acme.send("POST", "/schedules", ["workflow": "everywhere", "cron": "@daily", "input": ["topic": "zanzibar"]])
            let before = try await run.dump()
            #expect(before.tables(with: "zanzibar").isSuperset(of: Self.tables.union(["schedules"])), "\(before.tables(with: "zanzibar"))")
            _ = try await run.pressroom("tenant", "delete", "acme", "--force")
            let after = try await run.dump()
            #expect(!after.text.contains("zanzibar"), "\(after.tables(with: "zanzibar"))")
            // The audit stays, and only that.
            #expect(after.tables(with: "acme") == ["audit"])
            #expect(after.tables(with: "kilimanjaro") == before.tables(with: "kilimanjaro"))
            #expect(try await acme.status("GET", "/me") == 401)
            #expect(try await umbrella.status("GET", "/me") == 200)
        }
    }

    /// A service that asks a model which fails once a task, with what it was asked in its message.
    private func withRun(yaml: String, _ body: @escaping @Sendable (Run) async throws -> Void) async throws {
        try await ScriptedModelServer.withServer { server in
            let providers = "providers:\n  scripted: {kind: openai, base_url: \"\(server.baseURL)\"}\n"
            try await withService(ServiceSetup(yaml: providers + yaml)) { service in
                try await body(Run(service: service, model: server, key: nil))
            }
        }
    }

    private struct Run: Sendable {
        let service: TestService
        let model: ScriptedModelServer
        let key: String?

        func with(key: String?) -> Run { Run(service: service, model: model, key: key) }

        /// Runs a task whose texts all hold a word. Returns its id.
        func wholeTask(_ word: String) async throws -> String {
            model.enqueue(.error(503, message: "no \(word)"))
            model.answerAlways(with: .answering { _ in "About \(word)." })
            let published = try await request(
                "POST", "/workflows", .bytes(ByteBuffer(string: DeletionTests.workflow)), type: "application/yaml")
            #expect(published.status < 300, "\(published.json.text)")
            let task = try await send(
                "POST", "/tasks",
                [
                    "workflow": "everywhere", "input": ["topic": .string(word)],
                    "context": ["conversation_id": .string("talk of \(word)"), "metadata": ["note": .string(word)]],
                ], idempotencyKey: "start \(word)")["task_id"]?.string ?? ""
            try await send("POST", "/tasks/\(task)/events", ["data": .string(word)], idempotencyKey: "event \(word)")
            var question = ""
            for try await event in events(of: task) where event.name == "human_task_updated" {
                question = try JSON(parsing: event.data)["human_task"]?["id"]?.string ?? ""
                break
            }
            try await send(
                "POST", "/human-tasks/\(question)/complete", ["data": ["comment": .string(word)]], idempotencyKey: "answer \(word)")
            try await send("POST", "/tasks/\(task)/signals/go", ["data": .string(word)], idempotencyKey: "signal \(word)")
            for try await _ in events(of: task) {}
            #expect(try await send("GET", "/tasks/\(task)")["status"] == "completed")
            // What retention leaves of the log.
            _ = try await service.sql(
                """
                INSERT INTO pressroom.status_changes (tenant_id, task_id, entity_id, position, ordinal, entity, "to", at, actor)
                SELECT tenant_id, task_id, task_id, 0, 0, 'task', 'pending', created_at, 'user:ada'
                  FROM pressroom.tasks WHERE task_id = \(task)::uuid
                """)
            return task
        }

        private func events(of task: String) -> EventSource {
            EventSource(
                url: "\(service.baseURL)/api/v1/tasks/\(task)/stream?from=earliest", headers: headers, policy: .eager,
                httpClient: service.httpClient)
        }

        private var headers: [(String, String)] { key.map { [("authorization", "Bearer \($0)")] } ?? [] }

        @discardableResult
        func send(_ method: String, _ path: String, _ body: JSON? = nil, idempotencyKey: String? = nil) async throws -> JSON {
            let answer = try await request(
                method, path, body.map { .bytes(ByteBuffer(bytes: $0.utf8)) }, type: "application/json", idempotencyKey: idempotencyKey)
            #expect((200..<300).contains(answer.status), "\(method) \(path): \(answer.json.text)")
            return answer.json
        }

        func status(_ method: String, _ path: String) async throws -> Int { try await request(method, path, nil, type: "").status }

        private func request(
            _ method: String, _ path: String, _ body: HTTPClientRequest.Body?, type: String, idempotencyKey: String? = nil
        ) async throws -> (status: Int, json: JSON) {
            var request = HTTPClientRequest(url: "\(service.baseURL)/api/v1\(path)")
            request.method = .init(rawValue: method)
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if let idempotencyKey { request.headers.add(name: "idempotency-key", value: idempotencyKey) }
            if let body {
                request.headers.add(name: "content-type", value: type)
                request.body = body
            }
            let response = try await service.httpClient.execute(request, timeout: .seconds(30))
            let bytes = try await response.body.collect(upTo: 1 << 22)
            return (Int(response.status.code), (try? JSON(parsing: String(buffer: bytes))) ?? .null)
        }

        func pressroom(_ arguments: String...) async throws -> String {
            let child = try ChildProgram(
                PressroomBinary.path(), arguments + ["--database-url", service.databaseText], directory: "/tmp")
            let status = try await within(.seconds(60), "pressroom \(arguments.joined(separator: " "))") { try await child.exit() }
            try #require(status == 0, "\(child.errors.text)")
            return child.output.text
        }

        func dump() async throws -> Dump {
            let child = try ChildProgram(
                "/bin/sh", ["-c", "exec pg_dump --data-only --dbname=\"$0\"", service.databaseText], directory: "/tmp")
            let status = try await within(.seconds(60), "pg_dump") { try await child.exit() }
            try #require(status == 0, "\(child.errors.text)")
            return Dump(text: child.output.text)
        }

        func tablesOfTasks() async throws -> [String] {
            try await service.sql(
                """
                SELECT c.relname::text FROM pg_class c
                 WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relkind = 'r'
                   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'task_id' AND NOT a.attisdropped)
                """
            ).map { try $0.decode(0) }
        }
    }

    /// The rows of a database, as pg_dump writes them.
    private struct Dump: Sendable {
        let text: String

        /// The tables that have a row with a word.
        func tables(with word: String) -> Set<String> {
            var (found, table) = (Set<String>(), "")
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("COPY pressroom.") {
                    table = String(line.dropFirst("COPY pressroom.".count).prefix { $0 != " " })
                } else if line == "\\." {
                    table = ""
                } else if !table.isEmpty, line.contains(word) {
                    found.insert(table)
                }
            }
            return found
        }
    }
}
