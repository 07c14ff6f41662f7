package import Foundation
import Postgres

/// A human task's row as a client gets it, with what the answer's headers need.
package struct HumanTaskView: Sendable {
    package let id: UUID
    package let json: JSONText
    package let version: Int64

    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        json = JSONText(bytes: row["json"].bytes ?? [])
        version = try row.decode("version")
    }
}

/// What a list of human tasks is narrowed by; nil and empty mean: not by this.
package struct HumanTaskFilter: Sendable {
    package var statuses: [String] = []
    package var assigneeID: String?
    package var assigneeGroup: String?
    /// Open, and due before now; false: all others.
    package var isOverdue: Bool?

    package init() {}
}
