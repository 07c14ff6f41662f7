import Base
import Postgres
import Workflow

/// JSON as Postgres built it, passed through to clients byte for byte.
package struct JSONText: Sendable, Hashable {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension PostgresValue {
    /// The length of the text; 0 for NULL.
    var byteCount: Int { withUnsafeBytes { $0?.count ?? 0 } }

    /// Copies the text, or nothing for NULL.
    func append(to bytes: inout [UInt8]) {
        withUnsafeBytes { if let text = $0 { bytes.append(contentsOf: text) } }
    }
}

extension JSON: PostgresEncodable {
    package var postgresText: String? { text }
}

extension PostgresRow {
    /// The `jsonb` or `json` value of a column; nil for SQL NULL.
    ///
    /// - Throws: `StoreError` `unreadable` for a value that only a change by hand can have made.
    func json(_ column: String) throws -> JSON? {
        guard let bytes = self[column].bytes else { return nil }
        do {
            return try JSON(parsing: bytes, limits: .stored)
        } catch {
            throw StoreError(.unreadable, "The value of \(column) in a row cannot be read: \(error.reason).")
        }
    }

    /// A status column as the state machine's type.
    func status<Status: TransitioningStatus>(_ column: String, as: Status.Type = Status.self) throws -> Status {
        let text = try decode(column, as: String.self)
        guard let status = Status(rawValue: text) else {
            throw StoreError(.invalid, "unknown status \(text) of a \(Status.entity)")
        }
        return status
    }

    /// The kind of a step.
    func stepKind(_ column: String) throws -> StepKind {
        let text = try decode(column, as: String.self)
        guard let kind = StepKind(rawValue: text) else { throw StoreError(.invalid, "unknown step kind \(text)") }
        return kind
    }
}
