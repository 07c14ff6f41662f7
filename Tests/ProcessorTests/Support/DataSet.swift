import Foundation
import Postgres
import Store
import TestSupport
import Workflow

@testable import Processor

/// The data set of `scripts/bench scale` in a test's database: copies of what a processor has run.
struct DataSet: Sendable {
    let client: PostgresClient

    private static let workflow = """
        name: copied
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
        phases:
          - {id: first, kind: write, agents: [warm], prompt: p}
          - {id: second, kind: write, agents: [warm], prompt: p}
          - {id: note, kind: log, message: written}
        """

    /// Runs some tasks of each end, and makes them what is copied. The client has one connection, with the settings of
    /// the service's, and autovacuum keeps away from the tables.
    static func with<T: Sendable>(_ body: (DataSet) async throws -> T) async throws -> T {
        let logger = try await PostgresServer.shared().logger
        return try await withDatabase(migrated: true) { configuration in
            var configuration = configuration
            configuration.statementTimeout = .seconds(300)
            let several = PostgresClient(configuration: configuration, logger: logger)
            try await runTemplates(Newsroom(client: several, logger: logger))
            await several.shutdown()
            configuration.maxConnections = 1
            configuration.sessionParameters += Store.sessionParameters
            let client = PostgresClient(configuration: configuration, logger: logger)
            do {
                try await learn(client)
                let value = try await body(DataSet(client: client))
                await client.shutdown()
                return value
            } catch {
                await client.shutdown()
                throw error
            }
        }
    }

    /// So many tasks with all their rows and events, between two times, given in days before now.
    func grow(_ tasks: Int, from began: Int, to ended: Int) async throws {
        try await call("scale.grow('default', \(tasks), now() - interval '\(began) days', now() - interval '\(ended) days')")
    }

    /// So many tasks with a step that is due.
    func queue(_ tasks: Int, daysAgo: Int) async throws {
        try await call("scale.queue('default', \(tasks), now() - interval '\(daysAgo) days')")
    }

    /// A person's part in so many of the newest tasks, of which one in a hundred is open.
    func addHumanTasks(_ count: Int) async throws {
        try await client.withConnection { connection in
            _ = try await connection.execute(
                script: """
                    SET session_replication_role = replica;
                    INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title, status, assignee_id, due_at)
                    SELECT 'default', t.task_id, pressroom.uuid_v7(), 'read it',
                           CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'completed' END, 'person-' || n % 7, now()
                      FROM (SELECT task_id, row_number() OVER (ORDER BY created_at DESC, task_id) AS n
                              FROM pressroom.tasks WHERE tenant_id = 'default' LIMIT \(count)) t;
                    RESET session_replication_role
                    """)
        }
    }

    /// Moves the steps that wait to other places in the queue, so many times.
    func waitAgain(_ times: Int) async throws {
        try await client.withConnection { connection in
            _ = try await connection.execute(script: "SET session_replication_role = replica")
            for _ in 0..<times {
                _ = try await connection.execute(
                    script: "UPDATE pressroom.steps SET run_at = now() WHERE status = 'pending' AND run_at IS NOT NULL")
            }
            _ = try await connection.execute(script: "RESET session_replication_role")
        }
    }

    private func call(_ procedure: String) async throws {
        _ = try await client.withConnection { try await $0.execute(script: "CALL \(procedure)") }
    }

    private static func runTemplates(_ newsroom: Newsroom) async throws {
        let copied = try await newsroom.publish(workflow)
        let model = ScriptedModel { call throws(ProviderError) in
            if call.prompt.contains("fail") { throw ProviderError(code: .refused, message: "no") }
            return call.soundAnswer
        }
        let failing = try await newsroom.publish(
            workflow.replacing("name: copied", with: "name: failing").replacing("prompt: p", with: "prompt: fail"))
        let tasks = try await newsroom.withProcessor(model) { _ in
            var tasks: [UUID] = []
            for _ in 0..<3 { tasks.append(try await newsroom.start(copied)) }
            tasks.append(try await newsroom.start(failing))
            for task in tasks { _ = try await newsroom.waitForEnd(task) }
            return tasks
        }
        let cancelled = try await newsroom.start(copied)
        _ = try await newsroom.store.transitionTask(newsroom.scope, cancelled, .cancel, ifVersion: nil)
        precondition(tasks.count == 4)
    }

    private static func learn(_ client: PostgresClient) async throws {
        let file = URL(fileURLWithPath: PostgresTestDirectory.migrations).deletingLastPathComponent()
            .appendingPathComponent("Benchmarks/scale/data_set.sql")
        let script = try String(contentsOf: file, encoding: .utf8)
        let tables = try await client.query(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'pressroom'::regnamespace AND c.relkind = 'r'")
        let settings = try tables.map {
            "ALTER TABLE \(try $0.decode(0, as: String.self)) SET (autovacuum_enabled = false);"
        }.joined()
        _ = try await client.withConnection { connection in
            _ = try await connection.execute(script: settings)
            _ = try await connection.execute(script: script)
            return try await connection.execute(script: "CALL scale.learn()")
        }
    }
}
