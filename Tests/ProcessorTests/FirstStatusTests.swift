import Base
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

@Suite("First statuses in the database", .limit(minutes: 3))
struct FirstStatusTests {
    @Test("The table in the database is the one in the code")
    func tablesAgree() async throws {
        try await withPostgresClient(migrated: true) { client in
            let rows = try await client.query("SELECT entity, status, of_forks FROM pressroom.first_statuses")
            let stored = Set(
                try rows.map { row in
                    try "\(row.decode(0, as: String.self)): \(row.decode(1, as: String.self)) \(row.decode(2, as: Bool.self))"
                })
            #expect(stored == Set(FirstStatus.table.map { "\($0.entity.rawValue): \($0.status) \($0.isOfForks)" }))
        }
    }

    @Test(
        "A new row of any status is taken or refused as the table says, whoever adds it", arguments: Transition.Entity.allCases,
        TransitionTrial.Client.allCases)
    func everyStatus(entity: Transition.Entity, client: TransitionTrial.Client) async throws {
        try await withNewsroom { newsroom in
            let task = try await newsroom.start(try await newsroom.publish(Definitions.editorial))
            let fork = try await newsroom.fork(of: task)
            for status in entity.statuses + ["nonsense"] {
                for (owner, isFork) in [(task, false), (fork, true)] {
                    let what = "\(entity): \(status)\(isFork ? " in a fork" : "")"
                    let refusal = try await newsroom.tryToAdd(entity, status, to: owner, as: client)
                    guard !FirstStatus.isLegal(entity: entity, status, inFork: isFork) else {
                        #expect(refusal == nil, "\(what): \(refusal?.description ?? "")")
                        continue
                    }
                    #expect(refusal?.sqlState == "23514", "\(what)")
                    #expect(refusal?.constraint == "legal_first_status", "\(what)")
                }
            }
        }
    }
}

extension Newsroom {
    fileprivate func fork(of task: UUID) async throws -> UUID {
        let fork = UUIDv7.next()
        _ = try await client.query(
            """
            INSERT INTO pressroom.tasks (tenant_id, task_id, forked_from_task_id, workflow_id, workflow_name, workflow_version, context)
            SELECT tenant_id, \(fork), task_id, workflow_id, workflow_name, workflow_version, context FROM pressroom.tasks
             WHERE task_id = \(task)
            """)
        return fork
    }

    /// Adds a row to a task and takes it back. Answers why it was refused, if it was.
    fileprivate func tryToAdd(
        _ entity: Transition.Entity, _ status: String, to task: UUID, as by: TransitionTrial.Client
    ) async throws -> PostgresError? {
        try await client.withConnection { connection in
            try await connection.execute(
                script: "BEGIN; SET CONSTRAINTS ALL IMMEDIATE" + (by == .service ? "; SET LOCAL pressroom.events = 'immediate'" : ""))
            var refusal: PostgresError?
            do {
                let rows = try await connection.query(Self.addition(entity, status, task))
                #expect(try rows.map { try $0.decode(0, as: String.self) } == [status])
            } catch let error as PostgresError {
                refusal = error
            }
            try await connection.execute(script: "ROLLBACK")
            return refusal
        }
    }

    private static func addition(_ entity: Transition.Entity, _ status: String, _ task: UUID) -> PostgresQuery {
        switch entity {
        case .task:
            """
            INSERT INTO pressroom.tasks (tenant_id, forked_from_task_id, workflow_id, workflow_name, workflow_version, context, status)
            SELECT tenant_id, forked_from_task_id, workflow_id, workflow_name, workflow_version, context, \(status)
              FROM pressroom.tasks WHERE task_id = \(task)
            RETURNING status
            """
        case .phase:
            """
            INSERT INTO pressroom.phases (tenant_id, task_id, key, kind, ordinal, status)
            VALUES ('default', \(task), 'new', 'log', 99, \(status)) RETURNING status
            """
        case .step:
            """
            INSERT INTO pressroom.steps (tenant_id, task_id, phase_id, kind, sequence, status)
            VALUES ('default', \(task), gen_random_uuid(), 'signal', 99, \(status)) RETURNING status
            """
        case .output:
            """
            INSERT INTO pressroom.outputs (tenant_id, task_id, track, status)
            VALUES ('default', \(task), 'new', \(status)) RETURNING status
            """
        case .evaluation:
            """
            WITH output AS (
                INSERT INTO pressroom.outputs (tenant_id, task_id, track) VALUES ('default', \(task), 'new') RETURNING id
            )
            INSERT INTO pressroom.evaluations (tenant_id, task_id, phase_id, step_id, output_id, stage, evaluator, status)
            SELECT 'default', \(task), gen_random_uuid(), gen_random_uuid(), id, 'initial', '{}', \(status) FROM output
            RETURNING status
            """
        case .humanTask:
            """
            INSERT INTO pressroom.human_tasks (tenant_id, task_id, step_id, title, status)
            VALUES ('default', \(task), gen_random_uuid(), 'Look', \(status)) RETURNING status
            """
        }
    }
}
