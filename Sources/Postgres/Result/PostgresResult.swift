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
