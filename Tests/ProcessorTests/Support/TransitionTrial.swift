import Base
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// One change of a row's status by a client, and what came of it. All of it is rolled back.
struct TransitionTrial {
    /// Who makes the change: somebody in `psql`, or the service with its own settings.
    enum Client: String, CaseIterable, Sendable {
        case psql, service
    }

    let before: JSON
    let after: JSON
    /// Nil where the change was taken.
    let refusal: PostgresError?
    /// The payloads of what the change put into the log.
    let events: [JSON]

    /// - Parameter assignments: what else the client tries to set.
    static func run(
        _ client: PostgresClient, table: String, from: String, to: String, as by: Client, assignments: String = ""
    ) async throws -> TransitionTrial {
        try await client.withConnection { connection in
            // The triggers are off while the row is put into its first status.
            try await connection.execute(script: "BEGIN; SET LOCAL session_replication_role = replica")
            _ = try await connection.query("UPDATE pressroom.\(identifier: table) SET status = \(from)")
            try await connection.execute(
                script: "SET LOCAL session_replication_role = origin; SAVEPOINT trial"
                    + (by == .service ? "; SET LOCAL pressroom.events = 'immediate'" : ""))
            let (before, head) = (try await row(connection, table), try await self.head(connection))
            var refusal: PostgresError?
            do {
                let changed = try await connection.query(
                    "UPDATE pressroom.\(identifier: table) SET status = \(to)\(raw: assignments)")
                #expect(changed.affectedRows == 1)
                // What a commit would do.
                try await connection.execute(script: "SET CONSTRAINTS ALL IMMEDIATE")
            } catch let error as PostgresError {
                refusal = error
                try await connection.execute(script: "ROLLBACK TO trial")
            }
            let after = try await row(connection, table)
            let events = try await connection.query("SELECT payload::text FROM pressroom.events WHERE position > \(head) ORDER BY position")
                .map { try JSON(parsing: $0.decode(0, as: String.self)) }
            #expect(try await self.head(connection) - head == events.count)
            try await connection.execute(script: "ROLLBACK")
            return TransitionTrial(before: before, after: after, refusal: refusal, events: events)
        }
    }

    private static func row(_ connection: PostgresConnection, _ table: String) async throws -> JSON {
        let entity = String(table.dropLast())
        let rows = try await connection.query(
            "SELECT pressroom.\(identifier: entity + "_json")(r)::text FROM pressroom.\(identifier: table) r")
        try #require(rows.count == 1)
        return try JSON(parsing: rows[0].decode(0, as: String.self))
    }

    private static func head(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT position FROM pressroom.stream_heads WHERE tenant_id = 'default'")[0].decode(0)
    }
}

/// What the database itself puts beside a status when it changes.
enum SideColumns {
    /// The columns that are set afterwards, of those that belong to the entity's statuses, when none was before.
    static func set(_ entity: Transition.Entity, to status: String) -> Set<String> {
        switch (entity.rawValue, status) {
        case ("task", "running"), ("task", "waiting"): ["started_at"]
        // A row can begin and end in one update.
        case ("task", "completed"), ("task", "failed"): ["started_at", status + "_at"]
        case ("task", "paused"), ("task", "cancelled"): [status + "_at"]
        case ("phase", "running"), ("phase", "waiting"), ("step", "running"): ["started_at"]
        case ("phase", "completed"), ("phase", "failed"): ["started_at", "completed_at"]
        case ("phase", "skipped"), ("phase", "cancelled"): ["completed_at"]
        case ("step", "completed"), ("step", "failed"), ("step", "skipped"), ("step", "cancelled"): ["completed_at"]
        case ("human_task", "completed"): ["completed_at"]
        default: []
        }
    }

    /// Those that the entity has.
    static func all(_ entity: Transition.Entity) -> Set<String> {
        switch entity.rawValue {
        case "task": ["started_at", "paused_at", "completed_at", "failed_at", "cancelled_at"]
        case "phase", "step": ["started_at", "completed_at"]
        case "human_task": ["completed_at"]
        default: []
        }
    }
}

extension Transition.Entity {
    /// All that its rows can have.
    var statuses: [String] {
        switch self {
        case .task: TaskStatus.allCases.map(\.rawValue)
        case .phase: PhaseStatus.allCases.map(\.rawValue)
        case .step: StepStatus.allCases.map(\.rawValue)
        case .output: OutputStatus.allCases.map(\.rawValue)
        case .evaluation: EvaluationStatus.allCases.map(\.rawValue)
        case .humanTask: HumanTaskStatus.allCases.map(\.rawValue)
        }
    }
}
