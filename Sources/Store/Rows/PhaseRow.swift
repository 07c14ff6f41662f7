package import Foundation
import Postgres
package import Workflow

/// What the processor reads of a row of `phases`, and may change (the variables).
package struct PhaseRow: Sendable, Equatable {
    package let id: UUID
    package let key: String
    package let ordinal: Int
    package var status: PhaseStatus
    package var output: JSON?
    package var error: JSON?
}

extension PhaseRow {
    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        key = try row.decode("key")
        ordinal = try row.decode("ordinal")
        status = try row.status("status")
        output = try row.json("output")
        error = try row.json("error")
    }

    var json: JSON {
        [
            "id": .string(id.uuidString), "status": .string(status.rawValue), "output": output ?? .null,
            "error": error ?? .null,
        ]
    }
}
