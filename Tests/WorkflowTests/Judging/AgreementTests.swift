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

    @Test func midranks() {
        #expect(Agreement.midranks(of: [5, 9, 5, 1, 5]) == [3, 1, 3, 5, 3])
        #expect(Agreement.midranks(of: []) == [])
    }
}
