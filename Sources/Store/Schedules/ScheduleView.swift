package import Foundation
import Postgres

/// A schedule's row as a client gets it, with what the answer's headers need.
package struct ScheduleView: Sendable {
    package let json: JSONText
    package let id: UUID
    package let version: Int64
}

extension ScheduleView {
    init(_ row: PostgresRow) throws {
        self.init(
            json: JSONText(bytes: row["json"].bytes ?? []), id: try row.decode("id"), version: try row.decode("version"))
    }
}
