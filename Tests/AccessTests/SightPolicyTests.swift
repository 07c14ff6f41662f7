import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

/// What the role of members sees, in SQL, beside what `Sight` says of the same rows.
@Suite struct SightPolicyTests {
    private static let red = UUID()
    private static let blue = UUID()

    /// Workflows of every kind in two workspaces and in none, and a task of each, with a row in each table of tasks.
    private static let rows = """
        INSERT INTO pressroom.tenants (tenant_id) VALUES ('a'), ('b');
        INSERT INTO pressroom.workspaces (tenant_id, id, name, created_by)
            SELECT t, i, i::text, 'x' FROM unnest('{a,b}'::text[]) t, unnest('{\(red.text),\(blue.text)}'::uuid[]) i;
        INSERT INTO pressroom.workflows (tenant_id, workspace_id, name, version, version_sort, definition, is_public, created_by)
            SELECT t, w, concat_ws('-', 'w', w, p, c), '1.0.0', '1', '{}', p, c
              FROM unnest('{a,b}'::text[]) t, unnest('{\(red.text),\(blue.text),null}'::uuid[]) w,
                   unnest('{true,false}'::boolean[]) p, unnest('{ada,bob,null}'::text[]) c;
        INSERT INTO pressroom.tasks (tenant_id, workflow_id, workflow_name, workflow_version, context)
            SELECT tenant_id, id, name, version, '{"conversation_id": "c"}' FROM pressroom.workflows;
        INSERT INTO pressroom.phases (tenant_id, task_id, key, kind, ordinal)
            SELECT tenant_id, task_id, 'p', 'log', 0 FROM pressroom.tasks;
        INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, sequence)
            SELECT tenant_id, task_id, id, 'log', 0 FROM pressroom.phases;
        INSERT INTO pressroom.outputs (tenant_id, task_id, track) SELECT tenant_id, task_id, 't' FROM pressroom.tasks;
        INSERT INTO pressroom.output_versions (tenant_id, output_id, task_id, version_number, action, content)
            SELECT tenant_id, id, task_id, 1, 'write', 'x' FROM pressroom.outputs;
        INSERT INTO pressroom.evaluations (tenant_id, task_id, phase_id, step_id, output_id, stage, evaluator)
            SELECT tenant_id, task_id, phase_id, s.id, o.id, 'initial', '{}'
              FROM pressroom.steps s JOIN pressroom.outputs o USING (tenant_id, task_id);
        INSERT INTO pressroom.rankings (tenant_id, task_id, phase_id, stage, method, entries)
            SELECT tenant_id, task_id, id, 'initial', 'mean', '[]' FROM pressroom.phases;
        INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title)
            SELECT tenant_id, task_id, id, 't' FROM pressroom.steps;
        INSERT INTO pressroom.logs (tenant_id, task_id, phase_id, step_id, level, message)
            SELECT tenant_id, task_id, phase_id, id, 'info', 'x' FROM pressroom.steps;
        INSERT INTO pressroom.live_texts (tenant_id, output_id, task_id, version_number, step_id, attempt, processor_id, text)
            SELECT tenant_id, id, task_id, 2, pressroom.uuid_v7(), 1, pressroom.uuid_v7(), 'x' FROM pressroom.outputs;
        INSERT INTO pressroom.schedules (tenant_id, workflow_name, cron, context, created_by)
            SELECT tenant_id, name, '0 0 1 1 *', '{}', coalesce(created_by, 'x') FROM pressroom.workflows;
        INSERT INTO pressroom.workspace_members (tenant_id, workspace_id, user_id, access)
            SELECT tenant_id, id, 'ada', 'read' FROM pressroom.workspaces;
        """

    private static let tablesOfTasks = [
        "phases", "steps", "outputs", "output_versions", "evaluations", "rankings", "human_tasks", "logs", "live_texts", "events",
    ]

    private static let sights = [
        Sight(userID: "ada", workspaces: []), Sight(userID: "ada", workspaces: [red]), Sight(userID: "ada", workspaces: [red, blue]),
        Sight(userID: "ada", workspaces: [red, blue], managed: [blue]), Sight(userID: "cat", workspaces: [red], managed: [red]),
        Sight(userID: "", workspaces: [red, blue]), Sight(userID: "ada", workspaces: [red], seesUnplaced: false),
        Sight(userID: "ada", workspaces: [], seesUnplaced: false),
    ]

    private func withRows(_ body: @escaping @Sendable (PostgresClient) async throws -> Void) async throws {
        try await withPostgresClient(migrated: true) { client in
            _ = try await client.withConnection { try await $0.execute(script: Self.rows) }
            try await body(client)
        }
    }

    @Test(arguments: sights) func membersSeeWhatTheirSightSays(_ sight: Sight) async throws {
        try await withRows { client in
            let store = Store(database: client)
            let scope = Scope(tenantID: "a", userID: sight.userID, sight: sight)
            // The owner of the tables sees all, and tells what each row depends on.
            let all = try await client.query(
                """
                SELECT t.task_id, w.id, w.workspace_id, w.is_public, w.created_by FROM pressroom.tasks t
                  JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id WHERE t.tenant_id = 'a'
                """)
            var (tasks, workflows) = (Set<UUID>(), Set<UUID>())
            for row in all {
                let thing = Guarded(
                    workspaceID: try row.decode("workspace_id"), isPublic: try row.decode("is_public"),
                    createdBy: try row.decode("created_by"))
                let id: UUID = try row.decode("task_id")
                let isSeen = try await store.guarded(scope, .task(id)) != nil
                #expect(isSeen == sight.sees(thing), "\(thing)")
                guard isSeen else { continue }
                tasks.insert(id)
                workflows.insert(try row.decode("id"))
            }
            let seen = try await Self.asMember(client, sight, tenant: "a", ["SELECT task_id FROM pressroom.tasks", "SELECT id FROM pressroom.workflows"])
            #expect(Set(try seen[0].map { try $0.decode(0, as: UUID.self) }) == tasks)
            #expect(Set(try seen[1].map { try $0.decode(0, as: UUID.self) }) == workflows)
            for table in Self.tablesOfTasks {
                let rows = try await Self.asMember(
                    client, sight, tenant: "a", ["SELECT DISTINCT task_id, tenant_id FROM pressroom.\(identifier: table)"])[0]
                #expect(Set(try rows.map { try $0.decode(0, as: UUID.self) }) == tasks, "\(table)")
                #expect(try rows.allSatisfy { try $0.decode(1, as: String.self) == "a" }, "\(table)")
            }
            // The lists, which are bounded otherwise, agree with the policies.
            var listed = Set<UUID>()
            for item in try await items(store.tasks(scope, TaskFilter(), PageRequest(limit: 500))) {
                listed.insert(try #require(item["task_id"]?.string.flatMap(UUID.init(text:))))
            }
            #expect(listed == tasks)
            var asked = Set<UUID>()
            for item in try await items(store.humanTasks(scope, HumanTaskFilter(), PageRequest(limit: 500))) {
                asked.insert(try #require(item["task_id"]?.string.flatMap(UUID.init(text:))))
            }
            #expect(asked == tasks)
            // Facts in memory say the same.
            let facts = try await store.taskFacts(tenantID: "a", taskIDs: all.map { try $0.decode("task_id", as: UUID.self) })
            #expect(Set(facts.filter { sight.sees(workspaceID: $0.workspaceID, privateTo: $0.privateTo) }.map(\.taskID)) == tasks)
        }
    }

    private func items(_ page: ListPage) throws -> [JSON] {
        try JSON(parsing: page.json.bytes)["items"]?.array ?? []
    }

    /// Runs statements as `TenantScope` does for a member.
    private static func asMember(
        _ client: PostgresClient, _ sight: Sight?, tenant: String, _ queries: [PostgresQuery]
    ) async throws -> [PostgresResult] {
        let workspaces = "{" + (sight?.workspaces ?? []).map(\.text).joined(separator: ",") + "}"
        let managed = "{" + (sight?.managed ?? []).map(\.text).joined(separator: ",") + "}"
        let settings: PostgresQuery = """
            SELECT set_config('role', 'pressroom_member', true), set_config('pressroom.tenant', \(tenant), true),
                   set_config('pressroom.user', \(sight?.userID ?? ""), true),
                   set_config('pressroom.workspaces', \(workspaces), true), set_config('pressroom.managed', \(managed), true),
                   set_config('pressroom.narrowed', \(sight?.seesUnplaced == false ? "on" : ""), true)
            """
        return Array(try await client.pipeline([settings] + queries).dropFirst())
    }

    @Test func membersOnlyReadAndOnlyWhatIsForThem() async throws {
        try await withRows { client in
            let sight = Self.sights[3]
            for statement in [
                "UPDATE pressroom.tasks SET priority = 1", "DELETE FROM pressroom.workflows", "SELECT * FROM pressroom.api_keys",
                "INSERT INTO pressroom.logs (tenant_id, task_id, phase_id, step_id, level, message) SELECT tenant_id, task_id, task_id, task_id, 'info', '' FROM pressroom.tasks",
                "SELECT * FROM pressroom.idempotency_keys", "SELECT * FROM pressroom.audit", "SELECT * FROM pressroom.signing_keys", "SELECT * FROM pressroom.ended_sessions",
                "SELECT FROM pressroom.tasks FOR UPDATE", "SELECT pressroom.show_with_task('pressroom.audit')",
                "UPDATE pressroom.workspace_members SET access = 'admin'", "SELECT pressroom.delete_tenant('a')",
            ] {
                await #expect(throws: PostgresError.self, "\(statement)") {
                    _ = try await Self.asMember(client, sight, tenant: "a", [PostgresQuery(sql: statement)])
                }
            }
            // Another tenant's workspaces have the same ids here; none of its rows is seen.
            for table in ["workspaces", "workspace_members", "workflows", "tasks", "schedules", "stream_heads"] + Self.tablesOfTasks {
                let rows = try await Self.asMember(
                    client, sight, tenant: "a",
                    ["SELECT count(*), count(*) FILTER (WHERE tenant_id <> 'a') FROM pressroom.\(identifier: table)"])[0]
                #expect(try rows[0].decode(0, as: Int.self) > 0, "\(table)")
                #expect(try rows[0].decode(1, as: Int.self) == 0, "\(table)")
            }
            // Without settings, what is in a workspace is hidden, and without a tenant everything.
            let none = try await Self.asMember(
                client, nil, tenant: "a", ["SELECT count(*) FROM pressroom.tasks WHERE workspace_id IS NOT NULL"])
            #expect(try none[0][0].decode(0, as: Int.self) == 0)
            let nowhere = try await Self.asMember(client, sight, tenant: "", ["SELECT count(*) FROM pressroom.tasks"])
            #expect(try nowhere[0][0].decode(0, as: Int.self) == 0)
        }
    }

    @Test func schedulesAreAsPrivateAsWhatTheyMayStart() async throws {
        try await withRows { client in
            _ = try await client.withConnection { connection in
                try await connection.execute(
                    script: """
                        INSERT INTO pressroom.workflows (tenant_id, workspace_id, name, version, version_sort, definition, is_public, created_by)
                            VALUES ('a', '\(Self.red.text)', 'news', '1.0.0', '1', '{}', true, 'bob'),
                                   ('a', '\(Self.red.text)', 'news', '2.0.0', '2', '{}', false, 'bob');
                        DELETE FROM pressroom.schedules;
                        INSERT INTO pressroom.schedules (tenant_id, workflow_name, workflow_version, cron, context, created_by)
                            VALUES ('a', 'news', '1.0.0', '0 0 1 1 *', '{}', 'bob'), ('a', 'news', '2.0.0', '0 0 2 1 *', '{}', 'bob'),
                                   ('a', 'news', NULL, '0 0 3 1 *', '{}', 'bob'), ('a', 'news', NULL, '0 0 4 1 *', '{}', 'cat');
                        """)
            }
            for (sight, days) in [
                (Sight(userID: "ada", workspaces: [Self.red]), ["1", "4"]), (Sight(userID: "bob", workspaces: [Self.red]), ["1", "2", "3", "4"]),
                (Sight(userID: "ada", workspaces: [Self.red], managed: [Self.red]), ["1", "2", "3", "4"]),
                (Sight(userID: "bob", workspaces: [Self.blue]), []),
            ] as [(Sight, [String])] {
                let rows = try await Self.asMember(
                    client, sight, tenant: "a", ["SELECT split_part(cron, ' ', 3) FROM pressroom.schedules ORDER BY 1"])[0]
                #expect(try rows.map { try $0.decode(0, as: String.self) } == days, "\(sight)")
            }
        }
    }

    @Test func placesStay() async throws {
        try await withRows { client in
            for statement in [
                "UPDATE pressroom.workflows SET workspace_id = NULL WHERE workspace_id IS NOT NULL",
                "UPDATE pressroom.workflows SET created_by = 'eve'", "UPDATE pressroom.tasks SET workspace_id = NULL WHERE workspace_id IS NOT NULL",
                "INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition) SELECT tenant_id, name, '9.0.0', '9', '{}' FROM pressroom.workflows WHERE workspace_id IS NOT NULL LIMIT 1",
            ] {
                await #expect(throws: PostgresError.self, "\(statement)") { _ = try await client.query(PostgresQuery(sql: statement)) }
            }
            // Tasks that were added by hand are where their workflow is.
            let misplaced = try await client.query(
                """
                SELECT FROM pressroom.tasks t JOIN pressroom.workflows w ON w.tenant_id = t.tenant_id AND w.id = t.workflow_id
                 WHERE t.workspace_id IS DISTINCT FROM w.workspace_id
                """)
            #expect(misplaced.isEmpty)
            let before = try await client.query("SELECT position, privacy FROM pressroom.stream_heads WHERE tenant_id = 'a'")[0]
            _ = try await client.query("UPDATE pressroom.workflows SET is_public = NOT is_public WHERE tenant_id = 'a' AND workspace_id IS NOT NULL")
            _ = try await client.query("UPDATE pressroom.workflows SET tags = '{x}', is_public = is_public WHERE tenant_id = 'a'")
            let after = try await client.query("SELECT position, privacy FROM pressroom.stream_heads WHERE tenant_id = 'a'")[0]
            #expect(try after.decode(0, as: Int64.self) == before.decode(0, as: Int64.self))
            #expect(try after.decode(1, as: Int64.self) == before.decode(1, as: Int64.self) + 12)
        }
    }
}
