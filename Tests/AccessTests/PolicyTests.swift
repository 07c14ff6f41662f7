import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

/// What the policies of the tables keep apart, in SQL and as the roles of the service.
@Suite struct PolicyTests {
    private static let tables = """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relkind = 'r' ORDER BY c.relname
        """

    /// Two tenants with a row in most tables; those of `b` hold the word `marker`.
    private static let rows = """
        INSERT INTO pressroom.tenants (tenant_id) VALUES ('a'), ('b');
        INSERT INTO pressroom.workflows (tenant_id, name, version, version_sort, definition)
            SELECT t, 'w', '1.0.0', '1', json_build_object('text', CASE t WHEN 'b' THEN 'marker' ELSE 'own' END)
              FROM unnest('{a,b}'::text[]) t;
        INSERT INTO pressroom.tasks (tenant_id, workflow_id, workflow_name, workflow_version, context, input)
            SELECT tenant_id, id, name, version, jsonb_build_object('user_id', 'u'), definition FROM pressroom.workflows;
        INSERT INTO pressroom.phases (tenant_id, task_id, key, kind, ordinal)
            SELECT tenant_id, task_id, 'p', 'log', 0 FROM pressroom.tasks;
        INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, sequence)
            SELECT tenant_id, task_id, id, 'log', 0 FROM pressroom.phases;
        INSERT INTO pressroom.outputs (tenant_id, task_id, track, content)
            SELECT tenant_id, task_id, 't', 'marker' FROM pressroom.tasks WHERE tenant_id = 'b';
        INSERT INTO pressroom.wakeups (tenant_id, task_id) SELECT tenant_id, task_id FROM pressroom.tasks;
        INSERT INTO pressroom.workspaces (tenant_id, name, created_by) VALUES ('a', 'ws', 'x'), ('b', 'marker', 'x');
        INSERT INTO pressroom.api_keys (tenant_id, name, key_id, secret_hash, user_id, scopes, created_by)
            SELECT t, 'marker', repeat(t, 16), sha256('x'), 'u', '{read}', 'x' FROM unnest('{b}'::text[]) t;
        """

    /// Runs `body` on a connection in the service's role, with the tenants' rows there.
    private func asService(
        tenant: String?, _ body: @escaping @Sendable (PostgresConnection, _ tables: [String]) async throws -> Void
    ) async throws {
        try await withPostgresClient(migrated: true) { client in
            try await client.withConnection { connection in
                try await connection.execute(script: Self.rows)
                let tables = try await connection.query(PostgresQuery(sql: Self.tables)).map { try $0.decode(0, as: String.self) }
                #expect(tables.count > 20)
                try await connection.execute(script: "SET ROLE pressroom_service")
                if let tenant { _ = try await connection.query("SELECT set_config('pressroom.tenant', \(tenant), false)") }
                try await body(connection, tables)
                try await connection.execute(script: "RESET ROLE")
            }
        }
    }

    @Test func withoutATenantEveryTableIsEmpty() async throws {
        try await asService(tenant: nil) { connection, tables in
            for table in tables {
                let count = try await connection.query("SELECT count(*) FROM pressroom.\(identifier: table)")
                #expect(try count[0].decode(0, as: Int.self) == 0, "\(table)")
            }
        }
    }

    @Test func noStatementReachesAnotherTenant() async throws {
        try await asService(tenant: "a") { connection, tables in
            for table in tables {
                let rows = try await connection.query(
                    "SELECT count(*) FILTER (WHERE tenant_id <> 'a') FROM pressroom.\(identifier: table)")
                #expect(try rows[0].decode(0, as: Int.self) == 0, "\(table)")
                for change in [
                    "DELETE FROM pressroom.\(identifier: table) WHERE tenant_id = 'b'",
                    "UPDATE pressroom.\(identifier: table) SET tenant_id = 'a' WHERE tenant_id = 'b'",
                    "UPDATE pressroom.\(identifier: table) SET tenant_id = 'b'",
                    "TRUNCATE pressroom.\(identifier: table) CASCADE",
                ] as [PostgresQuery] {
                    // Refused, or without effect.
                    let affected = try? await connection.query(change).affectedRows
                    #expect((affected ?? 0) == 0, "\(change.sql) of \(table)")
                }
            }
            for statement in [
                "INSERT INTO pressroom.wakeups (tenant_id, task_id) VALUES ('b', pressroom.uuid_v7())",
                "SELECT pressroom.append_events('b', ARRAY[ROW(pressroom.uuid_v7(), 'custom', '{}')::pressroom.change])",
                "SELECT pressroom.delete_tenant('b')", "SELECT pressroom.protect('pressroom.tasks')",
                "SELECT * FROM pressroom.signing_keys", "ALTER TABLE pressroom.tasks DISABLE ROW LEVEL SECURITY",
                "CREATE POLICY mine ON pressroom.tasks USING (true)", "CREATE TABLE pressroom.mine (x text)",
                "UPDATE pressroom.tenants SET status = 'active'", "DELETE FROM pressroom.audit",
                // The marker of a unique key or a foreign key would tell that there is such a row.
                "INSERT INTO pressroom.workspace_members (tenant_id, workspace_id, user_id, access) SELECT 'b', id, 'u', 'admin' FROM pressroom.workspaces",
            ] {
                await #expect(throws: PostgresError.self, "\(statement)") {
                    try await connection.execute(script: statement)
                }
            }
            let all = try await connection.query("SELECT string_agg(t::text, ' ') FROM pressroom.workflows t")
            #expect(all[0][0].string?.contains("marker") == false)
        }
    }

    @Test func nodesReadAddAndRemoveSigningKeysAndChangeNone() async throws {
        try await withPostgresClient(migrated: true) { client in
            let store = Store(database: client)
            for _ in 0..<6 { try await store.rotateSigningKeys() }
            #expect(try await store.signingKeys().count == 4)
            try await client.withConnection { connection in
                try await connection.execute(script: "SET ROLE pressroom_worker")
                for statement in [
                    "UPDATE pressroom.signing_keys SET secret = sha256('')", "TRUNCATE pressroom.signing_keys",
                    "INSERT INTO pressroom.signing_keys (id, secret) VALUES ('mine', sha256(''))",
                    "INSERT INTO pressroom.signing_keys (secret, created_at) VALUES (sha256(''), 'infinity')",
                ] {
                    await #expect(throws: PostgresError.self, "\(statement)") { try await connection.execute(script: statement) }
                }
                try await connection.execute(script: "RESET ROLE")
            }
            #expect(try await store.signingKeys().count == 4)
        }
    }

    @Test func theOwnerSeesAndChangesEverything() async throws {
        try await withPostgresClient(migrated: true) { client in
            try await client.withConnection { connection in
                try await connection.execute(script: Self.rows)
                let seen = try await connection.query("SELECT count(DISTINCT tenant_id) FROM pressroom.tasks")
                #expect(try seen[0].decode(0, as: Int.self) == 2)
                #expect(try await connection.query("UPDATE pressroom.tasks SET priority = 1").affectedRows == 2)
            }
        }
    }

    /// The owner of the tables is no superuser and may make no roles; the login of the service owns nothing.
    @Test func neitherTheOwnerNorTheLoginIsASuperuser() async throws {
        // Roles belong to the server: the migrations of another database make them.
        try await withPostgresClient(migrated: true) { _ = try await $0.query("SELECT 1") }
        try await withDatabase { configuration in
            let logger = try await PostgresServer.shared().logger
            let (owner, login) = ("owner_\(UUID().text)", "login_\(UUID().text)")
            let admin = PostgresClient(configuration: configuration, logger: logger)
            let ownerClient = PostgresClient(configuration: configuration.connecting(asUser: owner), logger: logger)
            var session = configuration.connecting(asUser: login)
            session.sessionParameters = Store.sessionParameters + Store.serviceRole
            let service = PostgresClient(configuration: session, logger: logger)

            let database = try await admin.query("SELECT current_database()")[0].decode(0, as: String.self)
            for role in [owner, login] { _ = try await admin.query("CREATE ROLE \(identifier: role) LOGIN") }
            _ = try await admin.query("GRANT CREATE ON DATABASE \(identifier: database) TO \(identifier: owner)")
            let migrator = Migrator(client: ownerClient, directory: PostgresTestDirectory.migrations, logger: logger)
            do {
                try await migrator.up()
                Issue.record("the migrations need roles that the owner may not take")
            } catch let error as MigrationError {
                #expect(error.message.contains("GRANT pressroom_service TO") && error.message.contains("GRANT pressroom_worker TO"))
            }
            for role in [owner, login] {
                _ = try await admin.query("GRANT pressroom_service, pressroom_member, pressroom_worker TO \(identifier: role)")
            }
            try await migrator.up()
            _ = try await ownerClient.withConnection { try await $0.execute(script: Self.rows) }

            let store = Store(database: service)
            #expect(try await service.query("SELECT count(*) FROM pressroom.tasks")[0].decode(0, as: Int.self) == 0)
            #expect(try await store.apiKeys(ofKeyIDs: [String(repeating: "b", count: 16)]).map(\.tenantID) == ["b"])
            _ = try await store.createWorkspace(Scope(tenantID: "a", userID: "u"), name: "new", description: nil)
            #expect(try await store.pruneEvents(olderThan: .zero) > 0)
            await #expect(throws: PostgresError.self) { try await store.deleteTenant("b") }
            try await Store(database: ownerClient).deleteTenant("b")
            #expect(try await admin.query("SELECT FROM pressroom.tasks WHERE tenant_id = 'b'").isEmpty)
            for client in [service, ownerClient, admin] { await client.shutdown() }
        }
    }

    @Test func aDeletedTenantLeavesNothingButItsAudit() async throws {
        try await withPostgresClient(migrated: true) { client in
            try await client.withConnection { connection in _ = try await connection.execute(script: Self.rows) }
            let store = Store(database: client)
            try await store.deleteTenant("b")
            await #expect(throws: StoreError.self) { try await store.deleteTenant("b") }
            for table in try await client.query(PostgresQuery(sql: Self.tables)).map({ try $0.decode(0, as: String.self) }) {
                let rows = try await client.query("SELECT count(*) FROM pressroom.\(identifier: table) WHERE tenant_id = 'b'")
                #expect(try (rows[0].decode(0, as: Int.self) == 0) == (table != "audit"), "\(table)")
            }
            let kept = try await client.query("SELECT count(*) FROM pressroom.tasks WHERE tenant_id = 'a'")
            #expect(try kept[0].decode(0, as: Int.self) == 1)
            let audit = try await client.query(
                "SELECT string_agg(a::text, ' ') FROM pressroom.audit a WHERE entity IN ('workflow', 'api_key')")
            #expect(audit[0][0].string?.contains("definition") == false && audit[0][0].string?.contains("secret_hash") == false)
        }
    }

    /// What lists filter by is found by an index, also in the service's role.
    @Test(arguments: ["conversation_id = 'c'", "user_id = 'u'", "status = 'failed'", "workflow_name = 'w' AND status = 'failed'"])
    func filtersUseTheirIndexes(_ condition: String) async throws {
        try await asService(tenant: "a") { connection, _ in
            try await connection.execute(script: "SET enable_seqscan = off; SET enable_bitmapscan = off")
            let plan = try await connection.execute(
                script: """
                    EXPLAIN SELECT task_id FROM pressroom.tasks WHERE tenant_id = 'a' AND \(condition)
                     ORDER BY created_at DESC, task_id DESC LIMIT 10
                    """)
            let text = try plan.flatMap { try $0.map { try $0.decode(0, as: String.self) } }.joined(separator: "\n")
            let column = condition.prefix { $0 != " " }
            #expect(text.split(separator: "\n").contains { $0.contains("Index Cond") && $0.contains(column) }, "\(text)")
        }
    }
}
