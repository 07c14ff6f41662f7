import Foundation

/// Adds up what judges made of the candidates.
enum SheetCount {
    /// Orders the candidates by the mean of what their sheets are worth to them.
    ///
    /// A candidate that stood on some sheets only is not worse off for it: its total is its mean times the number of all
    /// sheets. One that stood on none has no total and comes last. The order of the sheets never matters.
    static func aggregate(
        _ sheets: [JudgedSheet], candidates: [UUID], initialScores: [UUID: Double]
    ) -> RankingOutcome {
        let contenders = candidates.enumerated().map { created, id in
            // Sorted, so that rounding cannot depend on the order of the sheets.
            let values = sheets.compactMap { $0.worth[id] }.sorted()
            let sum = values.reduce(0, +)
            let isEverywhere = values.count == sheets.count
            let mean: Double? = values.isEmpty ? (sheets.isEmpty ? 0 : nil) : sum / Double(values.count)
            let total = isEverywhere ? sum : mean.map { $0 * Double(sheets.count) }
            return Contender(
                id: id, decisive: total, total: total, average: mean, places: places(of: id, sheets),
                initialScore: initialScores[id], created: created)
        }
        return RankingOutcome(
            entries: Contender.ranked(contenders, levelWithin: 1e-12), agreement: agreement(sheets, candidates))
    }

    /// How far the judges of the sheets agree.
    static func agreement(_ sheets: [JudgedSheet], _ candidates: [UUID]) -> Double? {
        Agreement.concordance(ranks: sheets.map { sheet in candidates.map { sheet.ranks[$0] } })
    }

    /// How often a candidate stands at each place.
    static func places(of id: UUID, _ sheets: [JudgedSheet]) -> [Int] {
        var counts: [Int] = []
        for place in sheets.compactMap({ $0.places[id] }) {
            while counts.count < place { counts.append(0) }
            counts[place - 1] += 1
        }
        return counts
    }
}
