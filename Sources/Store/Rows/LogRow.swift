package import Foundation
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
