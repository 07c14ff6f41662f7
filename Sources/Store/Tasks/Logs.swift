import Base
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

    static let table = Table("logs", fixed: "id uuid, task_id uuid, phase_id uuid, step_id uuid, level text, message text")

    var json: JSON {
        [
            "id": .string(id.text), "phase_id": .string(phaseID.text), "step_id": .string(stepID.text),
            "level": .string(level.rawValue), "message": .string(message),
        ]
    }
}

extension Store {
    /// The lines that a task's phases wrote, newest first.
    package func logs(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        try await rows(of: "logs", "log_json", scope, taskID, page)
    }
}
