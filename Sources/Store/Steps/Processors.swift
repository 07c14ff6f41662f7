import Base
package import Foundation
import Postgres
import Workflow

/// A running step that no processor runs: its own is gone, or never learnt of its claim.
package struct OrphanedStep: Sendable {
    package let tenantID: String
    package let taskID: UUID
    package let stepID: UUID
    /// The abandoned attempt; by now there may be another.
    package let attempt: Int
}

extension Store {
    /// Enters a processor and removes the entries of earlier ones of the same host whose process is gone.
    ///
    /// - Parameter host: names the machine and the process namespace, so that a pid means the same process.
    package func registerProcessor(
        id: UUID, host: String, pid: Int32, isAlive: @Sendable (Int32) -> Bool
    ) async throws {
        let others = try await database.query("SELECT id, pid FROM pressroom.processors WHERE host = \(host)")
        let gone = try others.filter { row in
            let other = Int32(try row.decode("pid", as: Int.self))
            return other == pid || !isAlive(other)
        }.map { try $0.decode("id", as: UUID.self) }
        _ = try await database.query("DELETE FROM pressroom.processors WHERE id = ANY(\(gone)::uuid[])")
        _ = try await database.query(
            "INSERT INTO pressroom.processors (id, host, pid, version) VALUES (\(id), \(host), \(Int(pid)), \(ServiceVersion.text))")
    }

    /// Renews the lease of all steps that the processor runs. Enters it again if it had been given up.
    package func heartbeat(processorID: UUID, host: String, pid: Int32) async throws {
        _ = try await database.query(
            """
            INSERT INTO pressroom.processors (id, host, pid, version)
            VALUES (\(processorID), \(host), \(Int(pid)), \(ServiceVersion.text))
            ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()
            """)
    }

    package func removeProcessor(id: UUID) async throws {
        _ = try await database.query("DELETE FROM pressroom.processors WHERE id = \(id)")
    }

    /// Which of the steps the processor no longer holds: paused, cancelled, or lost to another.
    package func lostSteps(
        processorID: UUID, _ held: [(stepID: UUID, attempt: Int)]
    ) async throws -> [(stepID: UUID, attempt: Int)] {
        let steps = held.map(\.stepID)
        let attempts = held.map(\.attempt)
        return try await database.query(
            """
            SELECT h.id, h.attempt FROM unnest(\(steps)::uuid[], \(attempts)::integer[]) AS h (id, attempt)
             WHERE NOT EXISTS (SELECT FROM pressroom.steps s
                                WHERE s.tenant_id IN (SELECT tenant_id FROM pressroom.tenants) AND s.id = h.id
                                  AND s.status = 'running' AND s.processor_id = \(processorID) AND s.attempt = h.attempt)
            """
        ).map { (stepID: try $0.decode("id"), attempt: try $0.decode("attempt")) }
    }

    /// The running steps of a processor that it claimed more than `age` ago.
    package func claimedSteps(processorID: UUID, before age: Duration) async throws -> [OrphanedStep] {
        try await database.query(
            """
            SELECT s.tenant_id, s.task_id, s.id, s.attempt FROM pressroom.steps s
             WHERE s.status = 'running' AND s.tenant_id IN (SELECT tenant_id FROM pressroom.tenants)
               AND s.processor_id = \(processorID) AND s.started_at < now() - make_interval(secs => \(age / .seconds(1)))
            """
        ).map(OrphanedStep.init)
    }

    /// Running steps whose processor has not renewed its lease for `leaseTimeout`, or is not entered at all.
    package func orphanedSteps(leaseTimeout: Duration, limit: Int) async throws -> [OrphanedStep] {
        try await database.query(
            """
            SELECT s.tenant_id, s.task_id, s.id, s.attempt FROM pressroom.steps s
             WHERE s.status = 'running' AND s.tenant_id IN (SELECT tenant_id FROM pressroom.tenants)
               AND NOT EXISTS (SELECT FROM pressroom.processors p WHERE p.id = s.processor_id
                                  AND p.heartbeat_at > now() - make_interval(secs => \(leaseTimeout / .seconds(1))))
             LIMIT \(limit)
            """
        ).map(OrphanedStep.init)
    }
}

extension OrphanedStep {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            tenantID: try row.decode("tenant_id"), taskID: try row.decode("task_id"), stepID: try row.decode("id"),
            attempt: try row.decode("attempt"))
    }
}
