import Base
import Postgres
package import Workflow

extension JSON: PostgresEncodable {
    package var postgresText: String? { text }
}

extension PostgresRow {
    /// The `jsonb` or `json` value of a column; nil for SQL NULL.
    func json(_ column: String) throws -> JSON? {
        guard let bytes = self[column].bytes else { return nil }
        return try JSON(parsing: bytes)
    }

    /// A status column as the state machine's type.
    func status<Status: TransitioningStatus>(_ column: String, as: Status.Type = Status.self) throws -> Status {
        let text = try decode(column, as: String.self)
        guard let status = Status(rawValue: text) else {
            throw StoreError(.invalid, "unknown status \(text) of a \(Status.entity)")
        }
        return status
    }
}
