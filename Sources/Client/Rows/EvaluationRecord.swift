import Workflow

/// A row of `evaluations`: one judge's verdict on one output.
public struct EvaluationRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var outputID: String { document.text("output_id") }
    /// The judge's name, or else its slug.
    public var evaluator: String {
        let agent = document.json["evaluator"]
        return agent?["name"]?.string ?? agent?["slug"]?.string ?? ""
    }
    /// `initial` or `final`.
    public var stage: String { document.text("stage") }
    /// `pending processing completed failed`.
    public var status: String { document.text("status") }
    public var score: Double? { document.number("score") }
    public var rank: Int? { document.integer("rank") }
    public var reasoning: String? { document.optionalText("reasoning") }
    public var errorMessage: String? { document.errorMessage }
}
