/// A row of `logs`: a line that a phase wrote.
public struct LogRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    /// `debug`, `info`, `warning` or `error`.
    public var level: String { document.text("level") }
    public var message: String { document.text("message") }
}
