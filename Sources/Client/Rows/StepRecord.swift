/// A row of `steps`: a unit of work.
public struct StepRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var phaseID: String { document.text("phase_id") }
    public var kind: String { document.text("kind") }
    /// The slug of the agent; nil for a step without one.
    public var agent: String? { document.optionalText("agent") }
    /// `pending running waiting retrying completed failed skipped cancelled`.
    public var status: String { document.text("status") }
    public var attempt: Int { document.integer("attempt") ?? 0 }
    public var errorMessage: String? { document.errorMessage }
}
