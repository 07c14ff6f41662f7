import Workflow

/// A row of `rankings`: the order of the outputs at one stage.
public struct RankingRecord: Sendable, Hashable {
    /// The row with all its columns.
    public let document: Document

    init(document: Document) { self.document = document }

    public var id: String { document.text("id") }
    /// `initial` or `final`.
    public var stage: String { document.text("stage") }
    public var method: String { document.text("method") }
    /// How much the judges agree, 0…1; nil when that cannot be told.
    public var agreement: Double? { document.number("agreement") }
    /// The best first.
    public var entries: [Entry] {
        (document.json["entries"]?.array ?? []).map { Entry(document: Document($0)) }
    }

    /// One place of the ranking.
    public struct Entry: Sendable, Hashable {
        public let document: Document

        public var outputID: String { document.text("output_id") }
        /// From 1.
        public var rank: Int { document.integer("rank") ?? 0 }
        public var totalScore: Double? { document.number("total_score") }
        public var averageScore: Double? { document.number("avg_score") }
        public var firstPlaces: Int { document.integer("first_places") ?? 0 }
    }
}
