import Foundation
import Postgres
import Workflow

/// Rows as the text that `jsonb_to_recordset` reads, written member by member. What is null is left out.
struct RecordSet: Sendable, PostgresEncodable {
    private var bytes = Array("[".utf8)

    var isEmpty: Bool { bytes.count == 1 }

    var postgresText: String? { String(decoding: bytes, as: UTF8.self) + "]" }

    /// - Parameter members: sets the members of the row.
    mutating func add(_ members: (inout RecordSet) -> Void) {
        bytes.append(UInt8(ascii: isEmpty ? " " : ","))
        bytes.append(UInt8(ascii: "{"))
        members(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    /// - Parameter name: plain ASCII letters and `_`.
    mutating func set(_ name: StaticString, _ value: JSON?) {
        guard let value, value != .null else { return }
        begin(name)
        value.write(to: &bytes)
    }

    mutating func set(_ name: StaticString, _ id: UUID?) {
        guard let id else { return }
        begin(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: id.postgresArrayElement.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func begin(_ name: StaticString) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }
}
