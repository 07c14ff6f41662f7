/// A bound value in PostgreSQL's text format; `nil` is NULL. The server infers the type from where it stands.
package struct PostgresParameter: Sendable, Hashable {
    package var text: String?

    package init(text: String?) {
        self.text = text
    }

    package init(_ value: (some PostgresEncodable)?) {
        self.text = value?.postgresText
    }
}
