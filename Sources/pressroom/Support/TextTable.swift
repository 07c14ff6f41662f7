/// Rows in columns, for people.
struct TextTable {
    var header: [String]
    var rows: [[String]] = []

    init(_ header: String...) {
        self.header = header
    }

    mutating func add(_ cells: String...) {
        rows.append(cells.map(SafeText.line))
    }

    /// Every line, the header first; the last column is not padded.
    var text: String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        return all.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : DisplayWidth.padded(cell, widths[column])
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
