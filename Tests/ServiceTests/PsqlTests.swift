import Base
import Client
import Postgres
import Testing
import Workflow

/// A change in `psql` counts like any other, and disturbs no other work.
@Suite struct PsqlTests {
    @Test func anUpdateReachesOpenStreamsAsAFullRow() async throws {
        try await withService { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            let state = try await service.client.taskState(task)
            let output = try #require(state.outputs.first)
            async let event = service.event(of: task, after: state.cursor) { $0.name == "output_updated" }
            let start = ContinuousClock.now
            let updated = try await service.sql(
                "UPDATE pressroom.outputs SET content = 'fixed by hand' WHERE id = \(output.id)::uuid")
            #expect(updated.affectedRows == 1)
            let data = try JSON(parsing: try #require(try await event).data)
            let elapsed = ContinuousClock.now - start
            print("an update in psql reached a stream after \(elapsed)")
            #expect(elapsed < .seconds(5))
            var row = output.document.json
            #expect(data["output"]?["content"] == "fixed by hand")
            #expect(Set(data["output"]?.object?.keys ?? []) == Set(row.object?.keys ?? []))
            row["content"] = "fixed by hand"
            row["version_number"] = .integer(Int64(output.versionNumber + 1))
            row["finish_reason"] = .null
            row["edited_by"] = data["output"]?["edited_by"]
            #expect(row["edited_by"]?.string?.isEmpty == false)
            row["version"] = .integer(Int64((output.document.json["version"]?.int ?? 0) + 1))
            row["updated_at"] = data["output"]?["updated_at"]
            #expect(data["output"] == row)
            #expect(try await service.client.taskState(task).outputs.first?.document.json == row)
            try await EventAudit.check(service)
        }
    }

    /// The time of a commit grows with the number of its rows, and no faster.
    @Test func aLargeTransactionReachesTheLogInItsOrder() async throws {
        try await withService { service in
            try await service.publish(Definitions.held())
            try await service.waitForHold(of: try await service.startTask("held"))
            try await service.database.withTransaction { connection in
                _ = try await connection.query("SET LOCAL statement_timeout = '15s'")
                _ = try await connection.query(
                    """
                    INSERT INTO pressroom.logs (tenant_id, id, task_id, phase_id, step_id, level, message)
                    SELECT s.tenant_id, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, s.task_id, s.phase_id, s.id,
                           'info', n::text
                      FROM pressroom.steps s, generate_series(1, 20000) AS n WHERE s.kind = 'signal'
                    """)
            }
            let misplaced = try await service.number(
                """
                SELECT count(*) FROM (
                    SELECT payload -> 'log' ->> 'message' AS message, row_number() OVER (ORDER BY position)::text AS place
                      FROM pressroom.events WHERE type = 'log_appended') AS told
                 WHERE message <> place
                """)
            #expect(misplaced == 0)
            #expect(try await service.number("SELECT count(*) FROM pressroom.events WHERE type = 'log_appended'") == 20_000)
            try await EventAudit.check(service)
        }
    }

    @Test func illegalChangesAreRefused() async throws {
        try await withService { service in
            try await service.publish(Definitions.held())
            let task = try await service.startTask("held")
            try await service.waitForHold(of: task)
            let before = try await service.tables(of: task)
            let head = try await service.number("SELECT position FROM pressroom.stream_heads")
            let statements = [
                "UPDATE pressroom.tasks SET status = 'pending'", "UPDATE pressroom.tasks SET status = 'nonsense'",
                "UPDATE pressroom.phases SET status = 'running' WHERE status = 'completed'",
                "UPDATE pressroom.steps SET status = 'pending' WHERE status = 'completed'",
                "UPDATE pressroom.outputs SET status = 'writing'",
                "UPDATE pressroom.evaluations SET status = 'pending' WHERE status = 'completed'",
                "UPDATE pressroom.output_versions SET content = 'rewritten history'",
                "UPDATE pressroom.events SET payload = '{}'",
                "UPDATE pressroom.tasks SET context = '{}'",
                "DELETE FROM pressroom.tasks", "DELETE FROM pressroom.phases", "DELETE FROM pressroom.steps",
                "DELETE FROM pressroom.outputs", "DELETE FROM pressroom.output_versions", "DELETE FROM pressroom.evaluations",
                "DELETE FROM pressroom.rankings", "DELETE FROM pressroom.human_tasks", "DELETE FROM pressroom.logs",
                "DELETE FROM pressroom.events", "DELETE FROM pressroom.deleted_tasks", "TRUNCATE pressroom.events",
                "TRUNCATE pressroom.output_versions", "TRUNCATE pressroom.tasks CASCADE", "TRUNCATE pressroom.stream_heads",
                "UPDATE pressroom.outputs SET task_id = pressroom.uuid_v7()", "UPDATE pressroom.outputs SET id = pressroom.uuid_v7()",
                "UPDATE pressroom.steps SET phase_id = pressroom.uuid_v7()", "UPDATE pressroom.phases SET key = key || '2'",
                "UPDATE pressroom.evaluations SET output_id = pressroom.uuid_v7()",
                "UPDATE pressroom.steps SET attempt = -5", "UPDATE pressroom.outputs SET version_number = 99",
                "UPDATE pressroom.outputs SET content = ' '", "UPDATE pressroom.outputs SET content = NULL",
                "UPDATE pressroom.outputs SET initial_avg_score = 'NaN'", "UPDATE pressroom.phases SET iteration = -1",
            ]
            for statement in statements {
                let error = await #expect(throws: PostgresError.self, "\(statement)") {
                    _ = try await service.sql(PostgresQuery(sql: statement))
                }
                #expect(error?.sqlState == "23514", "\(statement)")
            }
            #expect(try await service.tables(of: task) == before)
            #expect(try await service.number("SELECT position FROM pressroom.stream_heads") == head)
        }
    }

    /// Whose row an open transaction holds.
    enum Held: String, CaseIterable, Sendable {
        case task, phase, step, output

        func update(of task: String) -> PostgresQuery {
            switch self {
            case .task: "UPDATE pressroom.tasks SET priority = 7 WHERE task_id = \(task)::uuid"
            case .phase: "UPDATE pressroom.phases SET iteration = 7 WHERE task_id = \(task)::uuid AND ordinal = 0"
            case .step: "UPDATE pressroom.steps SET priority = 7 WHERE task_id = \(task)::uuid"
            case .output: "UPDATE pressroom.outputs SET editor_feedback = '7' WHERE task_id = \(task)::uuid"
            }
        }

        func isShown(by event: ServerSentEvent) throws -> Bool {
            let data = try JSON(parsing: event.data)
            return switch self {
            case .task: data["task"]?["priority"] == 7
            case .phase: data["phase"]?["iteration"] == 7
            case .step: data["step"]?["priority"] == 7
            case .output: data["output"]?["editor_feedback"] == "7"
            }
        }
    }

    @Test(arguments: Held.allCases)
    func anOpenTransactionHoldsBackNobodyElse(held: Held) async throws {
        try await withService(.slow(tokensPerSecond: 100)) { service in
            try await service.publish(Definitions.editorial("slow"))
            let before = try await service.startTask("editorial", topic: "before")
            let task = try await service.startTask("editorial", topic: "held")
            // Both drafts are being written.
            _ = try await service.event(of: task) { $0.name == "output_delta" }
            let cursor = try await service.client.taskState(task).cursor
            let gate = Eventual<Void>()
            let opened = Eventual<Void>()
            async let typing: Void = service.database.withTransaction { connection in
                let result = try await connection.query(held.update(of: task))
                #expect(result.affectedRows > 0)
                opened.set(())
                try await gate.get()
            }
            try await opened.get()

            // Who asks for the held task is told so, and does not wait with a connection of the pool.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        let error = await #expect(throws: PressroomError.self) {
                            try await service.client.transitionTask(task, .pause)
                        }
                        #expect(error?.status == 409, "\(error?.description ?? "")")
                    }
                }
                try await group.waitForAll()
            }
            let after = try await service.startTask("editorial", topic: "after")
            #expect(try await service.end(of: before) == "completed")
            #expect(try await service.end(of: after) == "completed")
            #expect(try await service.client.task(task).status == "running")
            let head = try await service.number("SELECT position FROM pressroom.stream_heads")

            gate.set(())
            try await typing
            let event = try #require(try await service.event(of: task, after: cursor) { try held.isShown(by: $0) })
            let position = try #require(Cursor(event.lastEventID)).position
            #expect(position > Int64(head), "the change got its position before its commit")
            #expect(try await service.end(of: task) == "completed")
            try await EventAudit.check(service)
            #expect(service.errorLines.isEmpty)
        }
    }
}
