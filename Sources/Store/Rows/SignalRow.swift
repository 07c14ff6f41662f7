package import Foundation
import Postgres
package import Workflow

/// A signal that no step has taken yet; `receivedBy` is set by the step that takes it.
package struct SignalRow: Sendable, Equatable {
    package let id: UUID
    package let name: String
    package let data: JSON
    package var receivedBy: UUID?
}

extension SignalRow {
    init(_ row: PostgresRow) throws {
        id = try row.decode("id")
        name = try row.decode("name")
        data = try row.json("data") ?? .null
        receivedBy = nil
    }
}
