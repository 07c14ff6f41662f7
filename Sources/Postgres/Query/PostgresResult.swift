import Base
import CLibPQ
import Glibc

/// What one statement returned: its rows, and how many rows it changed.
package struct PostgresResult: RandomAccessCollection, Sendable {
    let handle: ResultHandle

    package var startIndex: Int { 0 }
    package var endIndex: Int { handle.rowCount }

    package subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "row \(position) of \(count)")
        return PostgresRow(handle: handle, row: position)
    }

    /// Rows that an INSERT, UPDATE, DELETE or MERGE changed, or a SELECT returned; 0 for other commands.
    package var affectedRows: Int { handle.affectedRows }

    /// The server's tag for what it did, such as `UPDATE 3`.
    package var commandTag: String { handle.commandTag }

    package var columns: [String] {
        (0..<handle.columnCount).map(handle.columnName)
    }
}

/// One row of a result.
package struct PostgresRow: Sendable {
    let handle: ResultHandle
    let row: Int

    /// The value of a column, counted from 0.
    package subscript(column: Int) -> PostgresValue {
        precondition((0..<handle.columnCount).contains(column), "column \(column) of \(handle.columnCount)")
        return PostgresValue(handle: handle, row: row, column: column)
    }

    /// The value of a column that the statement is known to return; a name that it does not return is a
    /// programming error and traps.
    package subscript(name: String) -> PostgresValue {
        guard let column = handle.column(named: name) else {
            preconditionFailure("no column \"\(name)\" among \(PostgresResult(handle: handle).columns)")
        }
        return PostgresValue(handle: handle, row: row, column: column)
    }

    /// Reads a column by name. Throws `.decoding` when there is no such column or the type cannot hold the value.
    package func decode<T: PostgresDecodable>(_ name: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard let column = handle.column(named: name) else {
            let columns = PostgresResult(handle: handle).columns.joined(separator: ", ")
            throw PostgresError(code: .decoding, message: "no column \"\(name)\"; the columns are: \(columns)")
        }
        return try decode(column, as: type)
    }

    /// Reads a column by its number from 0. Throws `.decoding` like the one by name.
    package func decode<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard (0..<handle.columnCount).contains(column) else {
            throw PostgresError(code: .decoding, message: "no column \(column); there are \(handle.columnCount)")
        }
        let value = handle.withBytes(row: row, column: column, T.decode(postgresText:))
        guard let value else {
            let found = self[column].string.map { "\"\($0.prefix(80))\"" } ?? "NULL"
            throw PostgresError(
                code: .decoding,
                message: "column \"\(handle.columnName(column))\": \(found) cannot be read as \(T.self)"
            )
        }
        return value
    }
}

/// One field of a row, in PostgreSQL's text format; it stays in libpq's memory until it is read.
package struct PostgresValue: Sendable {
    let handle: ResultHandle
    let row: Int
    let column: Int

    package var isNull: Bool { withUnsafeBytes { $0 == nil } }

    package var string: String? {
        withUnsafeBytes { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    package var bytes: [UInt8]? {
        withUnsafeBytes { $0.map { Array($0) } }
    }

    /// Lends the bytes without a copy; `nil` is NULL. The buffer is valid only inside `body`.
    package func withUnsafeBytes<R>(_ body: (UnsafeBufferPointer<UInt8>?) throws -> R) rethrows -> R {
        try handle.withBytes(row: row, column: column, body)
    }
}

/// Owns a `PGresult`, which libpq never changes once it has handed it out, so that any thread may read it.
final class ResultHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit {
        PQclear(pointer)
    }

    var status: ExecStatusType { PQresultStatus(pointer) }

    func columnName(_ column: Int) -> String {
        PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// The first column of that name, compared byte by byte (`PQfnumber` would fold the case of the name).
    func column(named name: String) -> Int? {
        var name = name
        return name.withUTF8 { wanted in
            (0..<columnCount).first { column in
                guard let found = PQfname(pointer, Int32(column)) else { return false }
                return strlen(found) == wanted.count
                    && (wanted.baseAddress.map { memcmp(found, $0, wanted.count) == 0 } ?? true)
            }
        }
    }

    /// The bytes of a field; `nil` is NULL.
    func withBytes<R>(row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>?) throws -> R) rethrows -> R {
        guard PQgetisnull(pointer, Int32(row), Int32(column)) == 0,
            let start = PQgetvalue(pointer, Int32(row), Int32(column))
        else { return try body(nil) }
        let length = Int(PQgetlength(pointer, Int32(row), Int32(column)))
        return try start.withMemoryRebound(to: UInt8.self, capacity: length) {
            try body(UnsafeBufferPointer(start: $0, count: length))
        }
    }

    func errorField(_ field: PostgresErrorField) -> String? {
        PQresultErrorField(pointer, field.rawValue).map { String(cString: $0) }
    }

    var errorMessage: String {
        PQresultErrorMessage(pointer).map { String(cString: $0) } ?? ""
    }

    var commandTag: String {
        PQcmdStatus(pointer).map { String(cString: $0) } ?? ""
    }

    var affectedRows: Int {
        PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0
    }
}
