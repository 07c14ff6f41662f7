import Testing

@testable import Workflow

@Suite struct AgreementTests {
    /// S. Siegel, "Nonparametric Statistics for the Behavioral Sciences", 1956, p. 230: three executives rank six
    /// applicants; S = 25.5, W = .16.
    @Test func executivesAndApplicants() throws {
        let w = try #require(Agreement.kendallW(ranks: [[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]))
        #expect(abs(w - 0.1619) < 0.00005)
    }

    /// M. G. Kendall, "Rank Correlation Methods", 1948, in Siegel 1956, p. 234: three rankings of ten with many ties;
    /// S = 591, ΣT = 9.5, W = .828 with the correction.
    @Test func tiesAreCorrected() throws {
        let w = try #require(
            Agreement.kendallW(ranks: [
                [1, 4.5, 2, 4.5, 3, 7.5, 6, 9, 7.5, 10], [2.5, 1, 2.5, 4.5, 4.5, 8, 9, 6.5, 10, 6.5], [2, 1, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10],
            ]))
        #expect(abs(w - 591.0 / 714.0) < 1e-12)
    }

    @Test func extremes() {
        #expect(Agreement.kendallW(ranks: [[1, 2, 3], [1, 2, 3], [1, 2, 3]]) == 1)
        #expect(Agreement.kendallW(ranks: [[1, 2, 3], [3, 2, 1]]) == 0)
        #expect(Agreement.kendallW(ranks: [[1, 2, 3]]) == nil)
        #expect(Agreement.kendallW(ranks: [[1], [1]]) == nil)
        #expect(Agreement.kendallW(ranks: []) == nil)
        #expect(Agreement.kendallW(ranks: [[1, 2], [1, 2, 3]]) == nil)
        #expect(Agreement.kendallW(ranks: [[1.5, 1.5], [1.5, 1.5]]) == nil)
    }

    /// Kendall and Babington Smith's identity of W and the mean of Spearman's correlations: an applicant whom only one
    /// executive ranks says nothing about agreement, and leaves W as it was.
    @Test func judgesWhoDidNotAllRankTheSame() throws {
        let executives: [[Double?]] = [[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]]
        let whole = try #require(Agreement.concordance(ranks: executives))
        #expect(abs(whole - 0.1619) < 0.00005)
        let partial = try #require(Agreement.concordance(ranks: [executives[0] + [7], executives[1] + [nil], executives[2] + [nil]]))
        #expect(abs(partial - whole) < 1e-12)
        let unseen = try #require(Agreement.concordance(ranks: executives.map { $0 + [nil] }))
        #expect(abs(unseen - whole) < 1e-12)
        // Ranks have gaps where others were left out; only their order counts.
        #expect(Agreement.concordance(ranks: [[1, 2, 3, nil], [nil, 1, 4, 5], [1, nil, 2, 3]]) == 1)
        #expect(Agreement.concordance(ranks: [[1, 2, nil], [2, 1, nil], [nil, nil, 1]]) == 0)
        #expect(Agreement.concordance(ranks: [[1, nil], [nil, 1]]) == nil)
        #expect(Agreement.concordance(ranks: [[1, nil, 2]]) == nil)
        #expect(Agreement.concordance(ranks: []) == nil)
    }

    @Test func midranks() {
        #expect(Agreement.midranks(of: [5, 9, 5, 1, 5]) == [3, 1, 3, 5, 3])
        #expect(Agreement.midranks(of: []) == [])
    }
}
