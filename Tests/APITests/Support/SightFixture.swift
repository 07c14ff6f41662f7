import Access
import API
import AsyncHTTPClient
import Base
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Postgres
import Store
import Testing
import Workflow

/// A tenant with two workspaces and a private workflow, whose texts each have a marker word, and everyone who may come.
struct SightFixture: Sendable {
    /// The workflows by their marker, which all texts of the workflow and its task hold.
    enum Marker: String, CaseIterable, Sendable {
        /// Public, in workspace A.
        case amber
        /// Private to `cyd`, in workspace A.
        case cobalt
        /// Public, in workspace B.
        case birch
        /// In no workspace.
        case tundra
    }

    enum Sender: String, CaseIterable, Sendable {
        /// Admin of the tenant.
        case root
        /// Members of A: they may read, write, and manage it.
        case rob, ann, max
        /// Member of A, who has made the private workflow.
        case cyd
        /// Member of B.
        case bea
        /// Member of none.
        case out
        /// Member of A and B, by a key that is narrowed to A.
        case two

        var sees: Set<Marker> {
            switch self {
            case .root: Set(Marker.allCases)
            case .rob, .ann: [.amber, .tundra]
            case .max, .cyd: [.amber, .cobalt, .tundra]
            case .bea: [.birch, .tundra]
            case .out: [.tundra]
            case .two: [.amber]
            }
        }

        /// On what of that it may act.
        var actsOn: Set<Marker> {
            self == .rob ? [.tundra] : sees
        }

        fileprivate var level: [(workspace: String, level: AccessLevel)] {
            switch self {
            case .root, .out: []
            case .rob: [("A", .read)]
            case .ann, .cyd: [("A", .write)]
            case .max: [("A", .admin)]
            case .bea: [("B", .write)]
            case .two: [("A", .write), ("B", .write)]
            }
        }
    }

    /// What there is of a workflow.
    struct Place: Sendable {
        let workflow: String
        let task: String
        let output: String
        let humanTask: String
        var schedule = ""
    }

    /// The shared client opens eight connections to a server: as many streams would leave none for requests.
    private static let streams: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_000
        return HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }()

    let api: APIFixture
    let workspaces: [String: UUID]
    private let keys: [Sender: String]
    private(set) var places: [Marker: Place] = [:]

    static func with(_ body: @escaping @Sendable (SightFixture) async throws -> Void) async throws {
        try await APIFixture.with(configure: {
            $0.authentication = .required
            $0.failedCredentialsPerMinute = 0
        }) { api in
            var fixture = try await SightFixture(api)
            for marker in Marker.allCases { fixture.places[marker] = try await fixture.makePlace(marker) }
            try await body(fixture)
        }
    }

    private init(_ api: APIFixture) async throws {
        self.api = api
        _ = try await api.store.createTenant("acme")
        let scope = Scope(tenantID: "acme", userID: "root")
        var workspaces: [String: UUID] = [:]
        for name in ["A", "B"] {
            workspaces[name] = try await api.store.createWorkspace(scope, name: name, description: nil).id
        }
        var keys: [Sender: String] = [:]
        for sender in Sender.allCases {
            for (name, level) in sender.level {
                let id = try #require(workspaces[name])
                _ = try await api.store.setWorkspaceMember(scope, id, .user(sender.rawValue), level)
            }
            let key = APIKey()
            _ = try await api.store.createAPIKey(
                scope,
                NewAPIKey(
                    name: sender.rawValue, keyID: key.keyID, secretHash: key.secretHash, userID: sender.rawValue, groups: [],
                    scopes: sender == .root ? [.read, .write, .admin] : [.read, .write],
                    workspaceID: sender == .two ? workspaces["A"] : nil, expiresAt: nil))
            keys[sender] = key.text
        }
        self.workspaces = workspaces
        self.keys = keys
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: (any APIBody)? = nil, as sender: Sender, headers: [String: String] = [:]
    ) async throws -> Answer {
        var headers = headers
        headers["authorization"] = "Bearer \(keys[sender] ?? "")"
        return try await api.send(method, "/api/v1" + path, body, headers: headers)
    }

    static func definition(_ name: String, version: String = "1.0.0", text: String) -> YAML {
        YAML(
            text: """
                name: \(name)
                version: \(version)
                description: About \(text).
                input: {type: object, properties: {topic: {type: string}}}
                phases:
                  - {id: ask, kind: human, title: "Is \(text) right?"}
                  - {id: go, kind: signal, name: go}
                """)
    }

    private func publisher(_ marker: Marker) -> Sender {
        switch marker {
        case .amber, .tundra: .ann
        case .cobalt: .cyd
        case .birch: .bea
        }
    }

    /// Publishes the workflow, starts a task, and adds the rows that a run would leave.
    private func makePlace(_ marker: Marker) async throws -> Place {
        let (sender, name) = (publisher(marker), "flow-\(marker.rawValue)")
        let query =
            switch marker {
            case .amber: "?workspace_id=\(workspaces["A"]?.text ?? "")&is_public=true"
            case .cobalt: "?workspace_id=\(workspaces["A"]?.text ?? "")"
            case .birch: "?workspace_id=\(workspaces["B"]?.text ?? "")&is_public=true"
            case .tundra: ""
            }
        let published = try await send(.POST, "/workflows\(query)", Self.definition(name, text: marker.rawValue), as: sender)
        try #require(published.status == 201, "\(published.text)")
        let started = try await send(
            .POST, "/tasks",
            [
                "workflow": .string(name), "input": ["topic": .string(marker.rawValue)],
                "context": ["conversation_id": "talk"],
            ] as JSON, as: sender)
        try #require(started.status == 202, "\(started.text)")
        let task = try #require(started.json["task_id"]?.string.flatMap(UUID.init(text:)))
        let rows = try await api.client.pipeline(Self.rows(of: task, marker.rawValue))
        let ids = try rows.prefix(2).map { try $0[0].decode("id", as: UUID.self).text }
        let schedule = try await send(
            .POST, "/schedules",
            ["workflow": .string(name), "cron": "0 0 1 1 *", "input": ["topic": .string(marker.rawValue)]] as JSON, as: sender)
        try #require(schedule.status == 201, "\(schedule.text)")
        return Place(
            workflow: name, task: task.text, output: ids[0], humanTask: ids[1], schedule: schedule.json["id"]?.string ?? "")
    }

    /// The first one returns the output, the second the human task.
    private static func rows(of task: UUID, _ marker: String) -> [PostgresQuery] {
        let phase: PostgresQuery = "(SELECT id FROM pressroom.phases WHERE task_id = \(task) AND key = 'ask')"
        return [
            """
            INSERT INTO pressroom.outputs (tenant_id, task_id, track, status, content, version_number)
            VALUES ('acme', \(task), \(marker), 'pending_write', \(marker), 1) RETURNING id
            """,
            """
            INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title)
            VALUES ('acme', \(task), pressroom.uuid_v7(), \(marker)) RETURNING id
            """,
            """
            INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
            SELECT 'acme', id, task_id, 1, 'write', \(marker) FROM pressroom.outputs WHERE task_id = \(task)
            """,
            """
            INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, output_id, kind, agent, sequence)
            SELECT 'acme', task_id, \(part: phase), id, 'evaluate', \(marker), 1 FROM pressroom.outputs WHERE task_id = \(task)
            """,
            """
            INSERT INTO pressroom.evaluations (tenant_id, task_id, phase_id, step_id, output_id, stage, evaluator, reasoning)
            SELECT 'acme', task_id, phase_id, id, output_id, 'initial', '{}', \(marker)
              FROM pressroom.steps WHERE task_id = \(task) AND kind = 'evaluate'
            """,
            """
            INSERT INTO pressroom.rankings (tenant_id, task_id, phase_id, stage, method, entries)
            VALUES ('acme', \(task), \(part: phase), 'initial', \(marker), '[]')
            """,
            """
            INSERT INTO pressroom.logs (tenant_id, task_id, phase_id, step_id, level, message)
            SELECT 'acme', task_id, phase_id, id, 'info', \(marker) FROM pressroom.steps
             WHERE task_id = \(task) AND kind = 'evaluate'
            """,
        ]
    }
}

extension SightFixture {
    /// The markers of a text.
    static func markers(in text: String) -> Set<Marker> {
        Set(Marker.allCases.filter { text.contains($0.rawValue) })
    }

    /// Reads a stream until its bytes satisfy a condition, or it ends. Returns all bytes.
    func read(
        _ path: String, as sender: Sender, until isEnough: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(api.port)/api/v1\(path)")
        request.headers.add(name: "authorization", value: "Bearer \(keys[sender] ?? "")")
        request.headers.add(name: "accept", value: "text/event-stream")
        let response = try await Self.streams.execute(request, timeout: .seconds(60))
        try #require(response.status == .ok)
        var text = ""
        for try await part in response.body {
            text += String(buffer: part)
            if isEnough(text) { break }
        }
        return text
    }
}
