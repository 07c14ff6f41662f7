package import Base
package import Foundation
import Postgres
package import Workflow

/// A new row of `logs`: a line that a phase wrote, or that the service writes about a task.
package struct LogRow: Sendable, Equatable {
    /// Longer messages are cut; in Unicode scalars.
    package static let longestMessage = 65_536

    package let id = UUIDv7.next()
    /// What a line of the service is about: `metadata.code`. Lines of phases have none.
    package enum Code: String, Sendable, CaseIterable {
        /// An attempt failed, and there is another.
        case retry
        /// The step's processor was lost.
        case rescue
        /// A phase does not run.
        case skip
        /// A model was down, and another was asked.
        case fallback
        /// A limit of the definition ended something.
        case limit
        /// A wait ended without what was waited for.
        case expiry
        /// An answer was cut at its limit.
        case cut
    }

    package let phaseID: UUID?
    package let stepID: UUID?
    package let level: LogLevel
    package let message: String
    package let metadata: JSON

    package init(phaseID: UUID, stepID: UUID, level: LogLevel, message: String) {
        self.phaseID = phaseID
        self.stepID = stepID
        self.level = level
        self.message = message
        metadata = [:]
    }

    /// - Parameter metadata: beside the code.
    package init(_ code: Code, phaseID: UUID?, stepID: UUID? = nil, level: LogLevel, message: String, metadata: JSONObject = [:]) {
        self.phaseID = phaseID
        self.stepID = stepID
        self.level = level
        self.message = String(String.UnicodeScalarView(message.replacingNULs(with: "\u{FFFD}").unicodeScalars.prefix(Self.longestMessage)))
        var members: JSONObject = ["code": .string(code.rawValue)]
        members.merge(metadata) { code, _ in code }
        self.metadata = .object(members)
    }

    private static let table = Table(
        "logs", fixed: "id uuid, task_id uuid, phase_id uuid, step_id uuid, level text, message text, metadata json")

    static func insert(_ rows: JSON, _ tenant: String) -> PostgresQuery { "\(part: table.insert(rows, tenant)) WHERE true" }

    var json: JSON {
        [
            "id": .string(id.text), "phase_id": phaseID.map { .string($0.text) } ?? .null,
            "step_id": stepID.map { .string($0.text) } ?? .null, "level": .string(level.rawValue), "message": .string(message),
            "metadata": metadata,
        ]
    }
}

extension Store {
    /// The lines of a task's log, newest first.
    package func logs(_ scope: Scope, _ taskID: UUID, _ page: PageRequest) async throws -> ListPage {
        try await rows(of: "logs", "log_json", scope, taskID, page)
    }
}
