import Base
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

@Suite("Transitions in the database", .limit(minutes: 3))
struct TransitionTests {
    @Test("The table in the database is the one in the code")
    func tablesAgree() async throws {
        try await withPostgresClient(migrated: true) { client in
            let rows = try await client.query("SELECT entity, from_status, to_status FROM pressroom.transitions")
            let stored = Set(
                try rows.map { row in
                    try "\(row.decode(0, as: String.self)): \(row.decode(1, as: String.self)) → \(row.decode(2, as: String.self))"
                })
            let coded = Set(Transitions.table.map { "\($0.entity.rawValue): \($0.from) → \($0.to)" })
            #expect(stored.subtracting(coded) == [])
            #expect(coded.subtracting(stored) == [])
        }
    }

    @Test(
        "Every pair of statuses is allowed or refused as the table says, whoever asks", arguments: Transition.Entity.allCases,
        TransitionTrial.Client.allCases)
    func everyPair(entity: Transition.Entity, client: TransitionTrial.Client) async throws {
        try await withNewsroom { newsroom in
            let task = try await newsroom.start(try await newsroom.publish(Definitions.editorial))
            let table = try await newsroom.row(of: entity, task)
            let statuses = entity.statuses
            for from in statuses {
                for to in statuses + ["nonsense"] {
                    let trial = try await TransitionTrial.run(newsroom.client, table: table, from: from, to: to, as: client)
                    let what = "\(entity): \(from) → \(to)"
                    #expect(trial.before["status"]?.string == from, "\(what)")
                    if from == to || Transitions.isLegal(entity: entity, from: from, to: to) {
                        expectTaken(trial, entity, to, what)
                    } else {
                        expectRefused(trial, statuses.contains(to), what)
                    }
                }
            }
        }
    }

    /// The row is the old one with the new status and what belongs to it, and the log tells all of it, once.
    private func expectTaken(_ trial: TransitionTrial, _ entity: Transition.Entity, _ status: String, _ what: String) {
        #expect(trial.refusal == nil, "\(what): \(trial.refusal?.description ?? "")")
        #expect(trial.events.count == 1, "\(what)")
        #expect(trial.events.first?[entity.rawValue] == trial.after, "\(what)")
        #expect(trial.after["status"]?.string == status, "\(what)")
        let hasChanged = trial.before["status"] != trial.after["status"]
        let set = hasChanged ? SideColumns.set(entity, to: status) : []
        for column in SideColumns.all(entity) {
            #expect(trial.after[column]?.isNull == !set.contains(column), "\(what): \(column)")
        }
        if let version = trial.before["version"]?.int { #expect(trial.after["version"]?.int == version + 1, "\(what)") }
        let moved = SideColumns.all(entity).union(["status", "version", "updated_at"])
        for (key, value) in trial.before.object ?? [:] where !moved.contains(key) {
            #expect(trial.after[key] == value, "\(what): \(key)")
        }
    }

    private func expectRefused(_ trial: TransitionTrial, _ isStatus: Bool, _ what: String) {
        #expect(trial.refusal?.sqlState == "23514", "\(what)")
        #expect(trial.refusal?.constraint == "legal_transition" || !isStatus, "\(what)")
        #expect(trial.after == trial.before, "\(what)")
        #expect(trial.events.isEmpty, "\(what)")
    }

    @Test("A client cannot choose the version, nor the times of a new status")
    func sideColumns() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.start(try await newsroom.publish(Definitions.editorial))
            let trial = try await TransitionTrial.run(
                newsroom.client, table: "tasks", from: "running", to: "completed", as: .psql,
                assignments: ", version = 99, completed_at = '2001-01-01', failed_at = '2001-01-01', updated_at = '2001-01-01'")
            #expect(trial.refusal == nil)
            #expect(trial.after["version"]?.int == (trial.before["version"]?.int ?? 0) + 1)
            #expect(trial.after["failed_at"]?.isNull == true)
            for column in ["completed_at", "updated_at"] {
                #expect(trial.after[column]?.string?.hasPrefix("2001") == false, "\(column)")
            }
        }
    }
}

extension Newsroom {
    /// Makes sure that there is one row of the kind, and names its table.
    fileprivate func row(of entity: Transition.Entity, _ task: UUID) async throws -> String {
        switch entity {
        case .task: return "tasks"
        case .phase:
            try await client.withTransaction { connection in
                _ = try await connection.query("SET LOCAL pressroom.removal = 'on'")
                _ = try await connection.query("DELETE FROM pressroom.phases WHERE key <> 'write'")
            }
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
        case .humanTask:
            _ = try await client.query(
                """
                INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title)
                VALUES ('default', \(task), gen_random_uuid(), 'Look')
                """)
            return "human_tasks"
        }
    }
}
