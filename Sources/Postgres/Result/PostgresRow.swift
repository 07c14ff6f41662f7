/// One row of a result.
package struct PostgresRow: Sendable {
    let handle: ResultHandle
    let row: Int

    package var columnCount: Int { handle.columnCount }

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
