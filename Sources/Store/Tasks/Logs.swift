package import Foundation
import Postgres
package import Workflow

/// A new row of `logs`: a line that a phase wrote.
package struct LogRow: Sendable, Equatable {
    /// Longer messages are cut; in Unicode scalars.
    package static let longestMessage = 65_536

    package let id = UUIDv7.next()
    package let phaseID: UUID
    package let stepID: UUID
    package let level: LogLevel
    package let message: String

    package init(phaseID: UUID, stepID: UUID, level: LogLevel, message: String) {
        self.phaseID = phaseID
        self.stepID = stepID
        self.level = level
        self.message = message
    }

    var json: JSON {
        [
            "id": .string(id.uuidString), "phase_id": .string(phaseID.uuidString), "step_id": .string(stepID.uuidString),
            "level": .string(level.rawValue), "message": .string(message),
        ]
    }
}

extension Store {
    func insertLogs(_ rows: JSON, _ tenant: String) -> PostgresQuery {
        """
        INSERT INTO pressroom.logs (tenant_id, id, task_id, phase_id, step_id, level, message)
        SELECT \(tenant), r.id, r.task_id, r.phase_id, r.step_id, r.level, r.message
          FROM jsonb_to_recordset(\(rows)::jsonb) AS r (id uuid, task_id uuid, phase_id uuid, step_id uuid, level text,
               message text)
        """
    }
}
