import Postgres

extension PostgresQuery {
    /// Appends a part whose parameters are numbered from 1; they go on from the statement's own.
    static func += (query: inout PostgresQuery, part: PostgresQuery) {
        let offset = query.parameters.count
        let pieces = part.sql.split(separator: "$", omittingEmptySubsequences: false)
        query.sql += pieces[0]
        for piece in pieces.dropFirst() {
            let digits = piece.prefix { $0.isWholeNumber }
            query.sql += "$\((Int(digits) ?? 0) + offset)" + piece.dropFirst(digits.count)
        }
        query.parameters += part.parameters
    }
}
