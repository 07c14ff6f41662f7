import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

@Suite("Transitions in the database", .timeLimit(.minutes(2)))
struct TransitionTests {
    @Test("The table in the database is the one in the code")
    func tablesAgree() async throws {
        try await withPostgresClient(migrated: true) { client in
            let rows = try await client.query("SELECT entity, from_status, to_status FROM pressroom.transitions")
            let stored = Set(
                try rows.map { row in
                    try "\(row.decode(0, as: String.self)): \(row.decode(1, as: String.self)) → \(row.decode(2, as: String.self))"
                })
            let coded = Set(Transitions.table.map { "\($0.entity): \($0.from) → \($0.to)" })
            #expect(stored.subtracting(coded) == [])
            #expect(coded.subtracting(stored) == [])
        }
    }

    @Test("Every pair of statuses is allowed or refused as the table says", arguments: Transition.Entity.allCases)
    func everyPair(entity: Transition.Entity) async throws {
        try await withNewsroom { newsroom in
            let task = try await newsroom.start(try await newsroom.publish(Definitions.editorial))
            let table = try await newsroom.row(of: entity, task)
            let statuses = statuses(of: entity)
            for from in statuses {
                for to in statuses where to != from {
                    let isLegal = Transitions.isLegal(entity: entity, from: from, to: to)
                    // The triggers are off while the row is put into its first status.
                    let outcome = try await newsroom.client.withTransaction { connection -> String in
                        _ = try await connection.query("SET LOCAL session_replication_role = replica")
                        _ = try await connection.query("UPDATE pressroom.\(identifier: table) SET status = \(from)")
                        _ = try await connection.query("SET LOCAL session_replication_role = origin")
                        do {
                            _ = try await connection.query("UPDATE pressroom.\(identifier: table) SET status = \(to)")
                            return "allowed"
                        } catch let error as PostgresError {
                            return error.sqlState ?? ""
                        }
                    } onFailedCommit: { "23514" }
                    #expect(outcome == (isLegal ? "allowed" : "23514"), "\(entity): \(from) → \(to)")
                }
            }
        }
    }

    private func statuses(of entity: Transition.Entity) -> [String] {
        switch entity {
        case .task: TaskStatus.allCases.map(\.rawValue)
        case .phase: PhaseStatus.allCases.map(\.rawValue)
        case .step: StepStatus.allCases.map(\.rawValue)
        case .output: OutputStatus.allCases.map(\.rawValue)
        case .evaluation: EvaluationStatus.allCases.map(\.rawValue)
        }
    }
}

extension PostgresClient {
    /// A transaction that a refused statement has failed cannot commit; that is an answer here, not an error.
    fileprivate func withTransaction<T: Sendable>(
        _ body: (PostgresConnection) async throws -> T, onFailedCommit: () -> T
    ) async throws -> T {
        do {
            return try await withTransaction(body)
        } catch let error as PostgresError where error.code == .transactionAborted {
            return onFailedCommit()
        }
    }
}

extension Newsroom {
    /// Makes sure that there is one row of the kind, and names its table.
    fileprivate func row(of entity: Transition.Entity, _ task: UUID) async throws -> String {
        switch entity {
        case .task: return "tasks"
        case .phase:
            _ = try await client.query("DELETE FROM pressroom.phases WHERE key <> 'write'")
            return "phases"
        case .step:
            _ = try await client.query(
                """
                INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, sequence)
                SELECT tenant_id, task_id, id, 'write', 0 FROM pressroom.phases WHERE key = 'write'
                """)
            return "steps"
        case .output:
            _ = try await client.query(
                "INSERT INTO pressroom.outputs (tenant_id, task_id, track) VALUES ('default', \(task), 'warm')")
            return "outputs"
        case .evaluation:
            _ = try await client.query(
                """
                WITH output AS (
                    INSERT INTO pressroom.outputs (tenant_id, task_id, track) VALUES ('default', \(task), 'warm') RETURNING id
                )
                INSERT INTO pressroom.evaluations (tenant_id, task_id, phase_id, step_id, output_id, stage, evaluator)
                SELECT 'default', \(task), gen_random_uuid(), gen_random_uuid(), id, 'initial', '{}' FROM output
                """)
            return "evaluations"
        }
    }
}
