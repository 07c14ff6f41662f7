/// A row of `outputs`: one draft on one track.
public struct OutputRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    public var track: String { document.text("track") }
    /// `pending_write writing pending_edit editing pending_rewrite rewriting approved max_cycles_reached failed`.
    public var status: String { document.text("status") }
    /// The text; nil before the first version.
    public var content: String? { document.optionalText("content") }
    public var versionNumber: Int { document.integer("version_number") ?? 0 }
    public var isFinalist: Bool { document.flag("is_finalist") ?? false }
    public var initialAverageScore: Double? { document.number("initial_avg_score") }
    public var initialRank: Int? { document.integer("initial_rank") }
    public var finalTotalScore: Double? { document.number("final_total_score") }
    public var finalRank: Int? { document.integer("final_rank") }
    public var errorMessage: String? { document.errorMessage }
}
