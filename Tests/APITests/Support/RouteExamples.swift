import Base
import Foundation
import NIOHTTP1
import Postgres
import Workflow

/// A request that succeeds, for one route.
struct RouteExample: Sendable {
    let route: String
    /// The status of its success.
    let status: Int
    /// The status for another tenant's admin: what the request names is as unknown as what does not exist.
    var unknown = 404
    /// The body: it names what is in `rows`, and its texts are the sender's own marker.
    var body: @Sendable (_ rows: TenantRows, _ marker: String) -> (any APIBody)? = { _, _ in nil }
    /// Whether the response is a list, which is empty for another tenant: none of its paths names a row.
    var isList = false
    /// Whether the response does not end by itself.
    var isStream = false
    /// Whether another tenant may send the same: the request names nothing that the first one has.
    var isFreeForAll = false
    /// Prepares what the request changes or ends. Returns parts of the path that are not the usual ones.
    var prepare: @Sendable (_ rows: TenantRows) async throws -> [String: String] = { _ in [:] }

    var method: HTTPMethod { HTTPMethod(rawValue: String(route.prefix { $0 != " " })) }

    /// The path, with the rows' ids in the place of its parameters.
    func path(_ rows: TenantRows, _ own: [String: String]) -> String {
        let template = String(route.drop { $0 != " " }.dropFirst())
        return rows.parameters(of: template).merging(own) { $1 }.reduce(template) { path, parameter in
            path.replacing("{\(parameter.key)}", with: parameter.value)
        }
    }
}

/// Rows of one tenant, of every kind that a path can name. Each text of them that a response could show holds the tenant's
/// marker; what requests name does not, because a refusal repeats it.
struct TenantRows: Sendable {
    let api: APIFixture
    let tenantID: String
    let marker: String
    /// The name of its workflow, which no other tenant has.
    let workflow: String
    let task: String
    let output: String
    let step = UUIDv7.next().text
    let call = UUIDv7.next().text
    let workspace: String
    let schedule: String
    let apiKey: String
    private let admin: String

    /// - Parameter admin: a key with every scope.
    init(_ api: APIFixture, tenantID: String, marker: String, admin: String) async throws {
        self.api = api
        self.tenantID = tenantID
        self.marker = marker
        self.admin = admin
        workflow = "walked-\(tenantID)"
        func made(_ path: String, _ body: any APIBody, _ id: String) async throws -> String {
            let answer = try await api.send(.POST, "/api/v1/" + path, body, headers: ["authorization": "Bearer \(admin)"])
            guard let id = answer.json[id]?.string else { throw UnexpectedAnswer(answer: answer) }
            return id
        }
        _ = try await made("workflows", RouteExamples.workflow(workflow, marker), "id")
        task = try await made("tasks", RouteExamples.start(workflow, marker), "task_id")
        workspace = try await made("workspaces", ["name": .string(marker)] as JSON, "id")
        schedule = try await made("schedules", RouteExamples.schedule(workflow, marker), "id")
        apiKey = try await made("api-keys", ["name": .string(marker), "scopes": ["read"]] as JSON, "id")
        _ = try await api.send(
            .PUT, "/api/v1/workspaces/\(workspace)/members/user:bob", ["access": "read"] as JSON,
            headers: ["authorization": "Bearer \(admin)"])
        output = UUIDv7.next().text
        try await addRows()
    }

    /// What a run would leave.
    private func addRows() async throws {
        let (taskID, outputID) = (try uuid(task), try uuid(output))
        let statements: [PostgresQuery] = [
            """
            INSERT INTO pressroom.outputs (tenant_id, id, task_id, track, writer, content, version_number)
            VALUES (\(tenantID), \(outputID), \(taskID), 'one', json_build_object('slug', \(marker)::text), \(marker), 1)
            """,
            """
            INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
            VALUES (\(tenantID), \(outputID), \(taskID), 1, 'write', \(marker))
            """,
            """
            INSERT INTO pressroom.steps (tenant_id, id, task_id, phase_id, output_id, kind, agent, sequence)
            SELECT tenant_id, \(try uuid(step))::uuid, task_id, id, \(outputID)::uuid, 'evaluate', \(marker)::text, 0
              FROM pressroom.phases WHERE tenant_id = \(tenantID) AND task_id = \(taskID) AND key = 'judge'
            """,
            """
            INSERT INTO pressroom.evaluations (tenant_id, task_id, phase_id, step_id, output_id, stage, evaluator)
            SELECT tenant_id, task_id, phase_id, id, output_id, 'initial', json_build_object('slug', agent)
              FROM pressroom.steps WHERE tenant_id = \(tenantID) AND task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.rankings (tenant_id, task_id, phase_id, stage, method, entries)
            SELECT tenant_id, task_id, phase_id, 'initial', 'mean', json_build_array(agent)
              FROM pressroom.steps WHERE tenant_id = \(tenantID) AND task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.logs (tenant_id, task_id, phase_id, step_id, level, message)
            SELECT tenant_id, task_id, phase_id, id, 'info', agent
              FROM pressroom.steps WHERE tenant_id = \(tenantID) AND task_id = \(taskID)
            """,
        ]
        _ = try await api.client.pipeline(statements)
        _ = try await api.client.pipeline([
            """
            INSERT INTO pressroom.attempts (tenant_id, task_id, phase_id, step_id, attempt, status, error, ended_at)
            SELECT tenant_id, task_id, phase_id, id, 1, 'failed', json_build_object('code', 'x', 'message', agent), now()
              FROM pressroom.steps WHERE tenant_id = \(tenantID) AND task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.calls
                   (tenant_id, id, task_id, phase_id, step_id, attempt, sequence, kind, agent, status, usage, sent_at, ended_at)
            SELECT tenant_id, \(try uuid(call))::uuid, task_id, phase_id, id, 1, 1, 'chat', agent, 'failed', '{}', now(), now()
              FROM pressroom.steps WHERE tenant_id = \(tenantID) AND task_id = \(taskID)
            """,
            """
            INSERT INTO pressroom.call_bodies (tenant_id, call_id, request, response, request_bytes, response_bytes)
            VALUES (\(tenantID), \(try uuid(call)), \(marker), \(marker), 1, 1)
            """,
        ])
        _ = try await question()
    }

    func uuid(_ text: String) throws -> UUID {
        guard let id = UUID(text: text) else { throw CancellationError() }
        return id
    }

    /// Adds a question to the task; returns its id.
    func question() async throws -> String {
        let id = UUIDv7.next()
        _ = try await api.client.query(
            """
            INSERT INTO pressroom.human_tasks (tenant_id, id, task_id, step_id, title, form_schema)
            VALUES (\(tenantID), \(id), \(try uuid(task)), pressroom.uuid_v7(), \(marker), '{"type": "object"}')
            """)
        return id.text
    }

    /// Starts another task. Returns its id.
    func anotherTask() async throws -> String {
        try await make("tasks", RouteExamples.start(workflow, marker))["task_id"] ?? ""
    }

    /// Starts another task and moves it on. Returns its id.
    func anotherTask(_ actions: String...) async throws -> String {
        let id = try await anotherTask()
        for action in actions {
            let answer = try await api.send(.POST, "/api/v1/tasks/\(id)/\(action)", headers: ["authorization": "Bearer \(admin)"])
            guard answer.status == 200 else { throw UnexpectedAnswer(answer: answer) }
        }
        return id
    }

    /// Adds a row over HTTP. Returns its texts.
    func make(_ path: String, _ body: any APIBody) async throws -> [String: String] {
        let answer = try await api.send(.POST, "/api/v1/" + path, body, headers: ["authorization": "Bearer \(admin)"])
        guard (200...299).contains(answer.status), let members = answer.json.object else { throw UnexpectedAnswer(answer: answer) }
        return members.reduce(into: [:]) { $0[$1.key] = $1.value.string }
    }

    func parameters(of path: String) -> [String: String] {
        let rooms = ["/workspaces/": workspace, "/schedules/": schedule, "/api-keys/": apiKey, "/outputs/{id}": output, "/steps/{id}": step, "/calls/{id}": call]
        let id = rooms.first { path.contains($0.key) }?.value
        return [
            "task_id": task, "output_id": output, "id": id ?? "00000000-0000-7000-8000-000000000000",
            "name": path.contains("/signals/") ? "go" : workflow, "version": "1.0.0", "member": "user:bob",
        ]
    }
}

/// An example of each route. `RouteWalkTests` fails for a route that has none.
enum RouteExamples {
    static func workflow(_ name: String, _ marker: String) -> YAML {
        YAML(
            text: """
                name: \(name)
                version: 1.0.0
                description: \(marker)
                agents: {ada: {role: evaluator, model: rehearsal/judge}, warm: {role: writer, model: rehearsal/warm}}
                phases:
                  - {id: write, kind: write, agents: [warm], prompt: Go}
                  - {id: judge, kind: evaluate, stage: initial, agents: [ada]}
                  - {id: wait, kind: signal, name: go}
                """)
    }

    static func start(_ workflow: String, _ marker: String) -> JSON {
        ["workflow": .string(workflow), "input": ["word": .string(marker)]]
    }

    static func schedule(_ workflow: String, _ marker: String) -> JSON {
        [
            "workflow": .string(workflow), "cron": "0 3 * * *", "timezone": "UTC", "input": ["word": .string(marker)],
            "enabled": false,
        ]
    }

    private static func question(_ rows: TenantRows) async throws -> [String: String] { ["id": try await rows.question()] }

    static let all: [RouteExample] = [
        RouteExample(route: "GET /health", status: 200),
        RouteExample(route: "GET /health/live", status: 200),
        RouteExample(route: "GET /health/ready", status: 200),
        RouteExample(route: "GET /metrics", status: 200),

        RouteExample(route: "GET /api/v1/me", status: 200, isFreeForAll: true),
        RouteExample(route: "GET /api/v1/session", status: 200, isFreeForAll: true),
        RouteExample(route: "POST /api/v1/session", status: 201, isFreeForAll: true),
        RouteExample(route: "DELETE /api/v1/session", status: 204, isFreeForAll: true),
        RouteExample(route: "GET /api/v1/api-keys", status: 200, isList: true),
        RouteExample(
            route: "POST /api/v1/api-keys", status: 201, body: { ["name": .string($1), "scopes": ["read"]] as JSON }, isFreeForAll: true),
        RouteExample(route: "DELETE /api/v1/api-keys/{id}", status: 204, prepare: { rows in
            ["id": try await rows.make("api-keys", ["name": "old", "scopes": ["read"]] as JSON)["id"] ?? ""]
        }),
        RouteExample(
            route: "POST /api/v1/stream-tickets", status: 201,
            body: { rows, _ in ["workflow": .string(rows.workflow)] as JSON }, isFreeForAll: true),

        RouteExample(route: "GET /api/v1/workspaces", status: 200, isList: true),
        RouteExample(
            route: "POST /api/v1/workspaces", status: 201, body: { ["name": .string("new \($1)")] as JSON }, isFreeForAll: true),
        RouteExample(route: "GET /api/v1/workspaces/{id}", status: 200),
        RouteExample(route: "PATCH /api/v1/workspaces/{id}", status: 200, body: { ["description": .string($1)] as JSON }),
        RouteExample(route: "DELETE /api/v1/workspaces/{id}", status: 204, prepare: { rows in
            ["id": try await rows.make("workspaces", ["name": .string("old \(UUID().uuidString)")] as JSON)["id"] ?? ""]
        }),
        RouteExample(route: "GET /api/v1/workspaces/{id}/members", status: 200),
        RouteExample(route: "GET /api/v1/workspaces/{id}/members/{member}", status: 200),
        RouteExample(route: "PUT /api/v1/workspaces/{id}/members/{member}", status: 200, body: { _, _ in ["access": "write"] as JSON }, prepare: { _ in
            ["member": "user:eve"]
        }),
        RouteExample(route: "DELETE /api/v1/workspaces/{id}/members/{member}", status: 204, prepare: { rows in
            _ = try await rows.api.client.query(
                """
                INSERT INTO pressroom.workspace_members (tenant_id, workspace_id, user_id, access)
                VALUES (\(rows.tenantID), \(try rows.uuid(rows.workspace)), 'gone', 'read') ON CONFLICT DO NOTHING
                """)
            return ["member": "user:gone"]
        }),

        RouteExample(route: "GET /api/v1/workflows", status: 200, isList: true),
        RouteExample(
            route: "POST /api/v1/workflows", status: 201, body: { workflow("new", $1) }, isFreeForAll: true),
        RouteExample(route: "POST /api/v1/workflows/validate", status: 200, body: { workflow($0.workflow, $1) }, isFreeForAll: true),
        RouteExample(route: "GET /api/v1/workflows/{name}", status: 200),
        RouteExample(route: "GET /api/v1/workflows/{name}/graph", status: 200),
        RouteExample(route: "GET /api/v1/workflows/{name}/versions", status: 200),
        RouteExample(route: "GET /api/v1/workflows/{name}/versions/{version}", status: 200),
        RouteExample(
            route: "PATCH /api/v1/workflows/{name}/versions/{version}", status: 200, body: { ["category": .string($1)] as JSON }),

        RouteExample(route: "GET /api/v1/tasks", status: 200, isList: true),
        RouteExample(route: "POST /api/v1/tasks", status: 202, unknown: 422, body: { start($0.workflow, $1) }),
        RouteExample(route: "GET /api/v1/tasks/{task_id}", status: 200),
        RouteExample(route: "DELETE /api/v1/tasks/{task_id}", status: 204, prepare: { ["task_id": try await $0.anotherTask("cancel")] }),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/state", status: 200),
        RouteExample(route: "GET /api/v1/workflows/{name}/state/{task_id}", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/stream", status: 200, isStream: true),
        RouteExample(route: "GET /api/v1/stream", status: 200, isList: true, isStream: true),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/pause", status: 200, prepare: { ["task_id": try await $0.anotherTask()] }),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/resume", status: 200, prepare: { ["task_id": try await $0.anotherTask("pause")] }),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/cancel", status: 200, prepare: { ["task_id": try await $0.anotherTask()] }),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/retry", status: 200, prepare: { rows in
            let id = try await rows.anotherTask()
            _ = try await rows.api.client.query("UPDATE pressroom.tasks SET status = 'running' WHERE task_id = \(try rows.uuid(id))")
            _ = try await rows.api.client.query(
                """
                UPDATE pressroom.tasks SET status = 'failed', error = '{"code": "x", "message": "x"}'
                 WHERE task_id = \(try rows.uuid(id))
                """)
            return ["task_id": id]
        }),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/fork", status: 202, body: { _, _ in ["phase": "write"] as JSON }),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/events", status: 202, body: { ["data": .string($1)] as JSON }),
        RouteExample(route: "POST /api/v1/tasks/{task_id}/signals/{name}", status: 202, body: { ["data": .string($1)] as JSON }),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/outputs", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/outputs/{output_id}", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/outputs/{output_id}/versions", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/evaluations", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/rankings", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/steps", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/logs", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/history", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/attempts", status: 200),
        RouteExample(route: "GET /api/v1/tasks/{task_id}/calls", status: 200),
        RouteExample(route: "GET /api/v1/attempts", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/calls", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/calls/{id}", status: 200),
        RouteExample(route: "GET /api/v1/steps", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/steps/{id}", status: 200),
        RouteExample(route: "GET /api/v1/overview", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/usage", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/processors", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/queues", status: 200, isList: true),
        RouteExample(route: "PATCH /api/v1/outputs/{id}", status: 200, body: { ["content": .string("\($1), by hand")] as JSON }),

        RouteExample(route: "GET /api/v1/human-tasks", status: 200, isList: true),
        RouteExample(route: "GET /api/v1/human-tasks/{id}", status: 200, prepare: question),
        RouteExample(route: "POST /api/v1/human-tasks/{id}/claim", status: 200, prepare: question),
        RouteExample(
            route: "POST /api/v1/human-tasks/{id}/complete", status: 200, body: { ["data": ["word": .string($1)]] as JSON },
            prepare: question),
        RouteExample(
            route: "POST /api/v1/human-tasks/{id}/reassign", status: 200, body: { _, _ in ["assignee_id": "bob"] as JSON },
            prepare: question),
        RouteExample(route: "POST /api/v1/human-tasks/{id}/cancel", status: 200, prepare: question),

        RouteExample(route: "GET /api/v1/schedules", status: 200, isList: true),
        RouteExample(route: "POST /api/v1/schedules", status: 201, unknown: 422, body: { schedule($0.workflow, $1) }),
        RouteExample(route: "GET /api/v1/schedules/{id}", status: 200),
        RouteExample(route: "PATCH /api/v1/schedules/{id}", status: 200, body: { _, _ in ["cron": "0 4 * * *"] as JSON }),
        RouteExample(route: "DELETE /api/v1/schedules/{id}", status: 204, prepare: { rows in
            ["id": try await rows.make("schedules", schedule(rows.workflow, rows.marker))["id"] ?? ""]
        }),
    ]
}
