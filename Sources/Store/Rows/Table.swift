import Base
import Foundation
import Postgres
import Workflow

/// A table of the schema `pressroom` whose rows the service writes in sets. Its columns are written down here and nowhere
/// else; every statement takes its lists from them.
struct Table: Sendable {
    let name: String
    /// The column that is its key, within the tenant.
    let key: String
    /// What never changes after a row was added, the key included.
    let fixed: Columns
    /// What the service changes.
    let changing: Columns
    /// All of these.
    let columns: Columns

    init(_ name: String, key: String = "id", fixed: Columns, changing: Columns = "") {
        self.name = name
        self.key = key
        self.fixed = fixed
        self.changing = changing
        columns = fixed + changing
    }

    /// Adds records (a JSON array of objects) as rows.
    ///
    /// - Parameter columns: those that are set; nil for all.
    func insert(_ records: some PostgresEncodable, _ tenant: String, _ columns: Columns? = nil) -> PostgresQuery {
        let columns = columns ?? self.columns
        return """
            INSERT INTO pressroom.\(raw: name) (tenant_id, \(raw: columns.names))
            SELECT \(tenant), \(raw: columns.values) FROM json_to_recordset(\(records)::json) AS r (\(raw: columns.definitions))
            """
    }

    /// Changes the rows that records name by their key.
    func update(_ records: some PostgresEncodable, _ tenant: String) -> PostgresQuery {
        """
        UPDATE pressroom.\(raw: name) t SET \(raw: changing.assignments)
          FROM json_to_recordset(\(records)::json) AS r (\(raw: key) uuid, \(raw: changing.definitions))
         WHERE t.tenant_id = \(tenant) AND t.\(raw: key) = r.\(raw: key)
        """
    }
}

/// Columns of a table with their types, as the lists that statements are made of.
struct Columns: Sendable, ExpressibleByStringLiteral {
    /// `status text, score double precision`: what `json_to_recordset` is told.
    let definitions: String
    /// `status, score`
    let names: String
    private let each: [String]
    /// `r.status, r.score`, where a statement calls its records `r`.
    let values: String
    /// `status = r.status, score = r.score`
    let assignments: String
    /// `status = EXCLUDED.status, score = EXCLUDED.score`, for `ON CONFLICT … DO UPDATE SET`.
    let replacements: String

    /// - Parameter definitions: `status text, score double precision`; line breaks count as spaces.
    init(stringLiteral definitions: String) {
        self.init(definitions)
    }

    private init(_ definitions: String) {
        let columns = definitions.split(separator: ",").map { $0.split { $0 == " " || $0 == "\n" } }
        let names = columns.map { String($0[0]) }
        each = names
        self.definitions = columns.map { $0.joined(separator: " ") }.joined(separator: ", ")
        self.names = names.joined(separator: ", ")
        values = names.map { "r.\($0)" }.joined(separator: ", ")
        assignments = names.map { "\($0) = r.\($0)" }.joined(separator: ", ")
        replacements = names.map { "\($0) = EXCLUDED.\($0)" }.joined(separator: ", ")
    }

    /// `s.status, s.score`, where a statement calls the row `s`.
    func names(of row: String) -> String { each.map { "\(row).\($0)" }.joined(separator: ", ") }

    static func + (left: Columns, right: Columns) -> Columns {
        Columns([left.definitions, right.definitions].filter { !$0.isEmpty }.joined(separator: ", "))
    }
}

/// Whether a `SELECT` locks the rows that it finds; its raw value is the end of the statement.
enum RowLock: String {
    case none = ""
    case noKeyUpdate = " FOR NO KEY UPDATE"
}

extension PostgresQuery {
    /// Limits how long the transaction's statements wait for a lock; zero: no limit.
    static func lockTimeout(_ timeout: Duration) -> PostgresQuery {
        "SELECT set_config('lock_timeout', \(String(Int64(timeout / .milliseconds(1)))), true)"
    }
}

extension PostgresResult {
    /// The rows of each task, in their order; they have a column `task_id`.
    func byTask<Row>(_ read: (PostgresRow) throws -> Row) throws -> [UUID: [Row]] {
        try reduce(into: [:]) { rows, row in rows[try row.decode("task_id"), default: []].append(try read(row)) }
    }
}

/// Rows as the text that `json_to_recordset` reads, written member by member. What is null is left out.
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
