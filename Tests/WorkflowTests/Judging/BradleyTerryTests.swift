import Base
import Foundation
import TestSupport
import Testing

@testable import Workflow

@Suite struct BradleyTerryTests {
    /// Wikipedia, "Bradley–Terry model", worked example: four teams and 22 games; 0.640, 1.043, 0.660, 2.270.
    @Test func fourTeams() {
        let fit = BradleyTerry.fit(wins: [[0, 2, 0, 1], [3, 0, 5, 0], [0, 3, 0, 1], [4, 0, 3, 0]])
        #expect(fit.strengths.map { ($0 * 1_000).rounded() / 1_000 } == [0.640, 1.043, 0.660, 2.270])
        #expect(fit.isConverged && !fit.usesPrior)
    }

    /// A. Agresti, "Categorical Data Analysis", 2nd ed. 2002, 10.6.2: the American League's East in 1987; Milwaukee 1.581,
    /// Detroit 1.436, Toronto 1.294, New York 1.248, Boston 1.108, Cleveland 0.684, against Baltimore.
    @Test func baseball() {
        let fit = BradleyTerry.fit(wins: [
            [0, 7, 9, 7, 7, 9, 11], [6, 0, 7, 5, 11, 9, 9], [4, 6, 0, 7, 7, 8, 12], [6, 8, 6, 0, 6, 7, 10],
            [6, 2, 6, 7, 0, 7, 12], [4, 4, 5, 6, 6, 0, 6], [2, 4, 1, 3, 1, 7, 0],
        ])
        #expect(differences(fit, from: 6, digits: 4) == [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0])
        #expect(fit.isConverged && !fit.usesPrior)
    }

    /// S. M. Stigler, "Citation Patterns in the Journals of Statistics and Probability", Statist. Sci. 9 (1994), as fitted by
    /// H. Turner and D. Firth, "Bradley–Terry Models in R", J. Statist. Software 48 (2012), 2: against Biometrika,
    /// Communications in Statistics −2.949, JASA −0.480, JRSS-B 0.269.
    @Test func journals() {
        let fit = BradleyTerry.fit(wins: [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1_072, 142], [284, 276, 325, 188]])
        #expect(differences(fit, from: 0, digits: 5) == [0, -2.94907, -0.47957, 0.26895])
    }

    /// Hunter's MM algorithm (2004, eq. 3: pᵢ ← Wᵢ / Σⱼ nᵢⱼ/(pᵢ+pⱼ)) climbs to the same maximum, in more steps.
    @Test func theMaximumIsHuntersToo() {
        let seed = Seed.pick()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let count = Int(2 + generator.next(below: 5))
            let wins = (0..<count).map { i in (0..<count).map { j in i == j ? 0 : Double(generator.next(below: 4)) } }
            let fit = BradleyTerry.fit(wins: wins)
            #expect(fit.usesPrior == !BradleyTerry.isConnected(wins), "seed \(seed)")
            #expect(fit.isConverged, "seed \(seed)")
            let counted = fit.usesPrior ? wins.map { $0.map { $0 + BradleyTerry.weakPrior } } : wins
            for (own, others) in zip(fit.strengths, hunter(counted)) {
                #expect(abs(log(own) - log(others)) < 1e-5, "seed \(seed)")
            }
        }
    }

    @Test func whereThereIsNoMaximumAWeakPriorMakesOne() {
        // Unanimous, never compared, a loop beside a winner of all.
        let unanimous = BradleyTerry.fit(wins: [[0, 3, 3], [0, 0, 3], [0, 0, 0]])
        #expect(unanimous.usesPrior && unanimous.isConverged)
        #expect(unanimous.strengths == unanimous.strengths.sorted(by: >))
        let strangers = BradleyTerry.fit(wins: [[0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 1, 0]])
        #expect(strangers.usesPrior)
        #expect(abs(strangers.strengths[0] - strangers.strengths[2]) < 1e-8)
        #expect(strangers.strengths[0] > strangers.strengths[1])
        let winner = BradleyTerry.fit(wins: [[0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]])
        #expect(winner.usesPrior)
        #expect(winner.strengths.max() == winner.strengths[0])
        #expect(abs(winner.strengths[1] - winner.strengths[3]) < 1e-8)
        // One ballot of two: 1.1 to 0.1.
        let pair = BradleyTerry.fit(wins: [[0, 1], [0, 0]])
        #expect(abs(pair.strengths[0] / pair.strengths[1] - 11) < 1e-7)
    }

    @Test func convergesWhereJudgesAgreeOnEverything() {
        for (count, judges) in [(2, 1), (10, 5), (20, 100), (50, 100)] {
            let wins = (0..<count).map { i in (0..<count).map { j in i < j ? Double(judges) : 0 } }
            let fit = BradleyTerry.fit(wins: wins)
            #expect(fit.isConverged, "\(count) candidates, \(judges) judges: \(fit.iterations)")
            #expect(fit.strengths == fit.strengths.sorted(by: >))
            #expect(fit.strengths.allSatisfy { $0.isFinite && $0 > 0 })
        }
    }

    @Test func trifles() {
        #expect(BradleyTerry.fit(wins: []).strengths == [])
        let alone = BradleyTerry.fit(wins: [[0]])
        #expect(alone.strengths == [1] && alone.isConverged && !alone.usesPrior)
    }

    private func differences(_ fit: BradleyTerry.Fit, from index: Int, digits: Int) -> [Double] {
        let scale = pow(10, Double(digits))
        return fit.strengths.map { ((log($0) - log(fit.strengths[index])) * scale).rounded() / scale }
    }

    private func hunter(_ wins: [[Double]]) -> [Double] {
        var strengths = [Double](repeating: 1, count: wins.count)
        for _ in 0..<20_000 {
            let before = strengths
            for i in wins.indices {
                let others = wins.indices.filter { $0 != i }
                let won = others.reduce(0) { $0 + wins[i][$1] }
                strengths[i] = won / others.reduce(0) { $0 + (wins[i][$1] + wins[$1][i]) / (before[i] + before[$1]) }
            }
            let mean = exp(strengths.map { log($0) }.reduce(0, +) / Double(strengths.count))
            strengths = strengths.map { $0 / mean }
            if zip(strengths, before).allSatisfy({ abs(log($0) - log($1)) < 1e-12 }) { break }
        }
        return strengths
    }
}
