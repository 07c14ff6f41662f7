/// A row of `phases`: a node of the workflow in one task.
public struct PhaseRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var key: String { document.text("key") }
    public var kind: String { document.text("kind") }
    /// `pending running waiting completed failed skipped cancelled`.
    public var status: String { document.text("status") }
    public var errorMessage: String? { document.errorMessage }
}
