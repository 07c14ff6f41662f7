/// A row of `workflows`: one version of a definition.
public struct WorkflowRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var name: String { document.text("name") }
    public var version: String { document.text("version") }
    /// `active inactive archived`.
    public var status: String { document.text("status") }
    public var category: String? { document.optionalText("category") }
    public var createdAt: String { document.text("created_at") }
}
