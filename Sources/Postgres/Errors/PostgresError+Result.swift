extension PostgresError {
    /// The error of a result that carries one.
    init(_ result: ResultHandle, query: String?) {
        let sqlState = result.errorField(.sqlState)
        let message = result.errorField(.message) ?? result.errorMessage
        self.init(
            code: sqlState == SQLState.queryCancelled ? .timeout : .server,
            message: message.trimmingLineEnd,
            sqlState: sqlState
        )
        detail = result.errorField(.detail)
        hint = result.errorField(.hint)
        schema = result.errorField(.schema)
        table = result.errorField(.table)
        column = result.errorField(.column)
        constraint = result.errorField(.constraint)
        position = result.errorField(.position).flatMap { Int($0) }
        self.query = query
    }
}

extension String {
    /// The text without the line breaks and spaces that libpq's messages end with.
    var trimmingLineEnd: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
