import Base
import Foundation
import Testing

@testable import Workflow

@Suite struct BallotOrderTests {
    private static let task = UUIDv7.next()

    /// E. J. Williams 1949: each treatment in each position equally often, and directly after each other one equally often.
    @Test(arguments: 2...9) func squaresAreBalanced(count: Int) {
        let finalists = (0..<count).map { _ in UUIDv7.next() }
        let judges = count % 2 == 0 ? count : 2 * count
        let orders = (0..<judges).map { BallotOrder.balanced(finalists, task: Self.task, phase: "rank", judge: $0) }
        for order in orders { #expect(Set(order) == Set(finalists) && order.count == count) }
        for id in finalists {
            for place in 0..<count { #expect(orders.count { $0[place] == id } == judges / count) }
            for other in finalists where other != id {
                let follows = orders.count { order in zip(order, order.dropFirst()).contains { $0 == id && $1 == other } }
                #expect(follows == judges / count)
            }
        }
    }

    @Test func neighboursAmongTheJudgesSeeOppositeOrders() {
        let finalists = (0..<5).map { _ in UUIDv7.next() }
        for judge in [0, 2, 4, 8, 98] {
            let order = BallotOrder.balanced(finalists, task: Self.task, phase: "rank", judge: judge)
            #expect(BallotOrder.balanced(finalists, task: Self.task, phase: "rank", judge: judge + 1) == order.reversed())
        }
        #expect(BallotOrder.balanced([], task: Self.task, phase: "rank", judge: 3) == [])
        #expect(BallotOrder.balanced([finalists[0]], task: Self.task, phase: "rank", judge: 3) == [finalists[0]])
    }

    @Test(arguments: 2...7, 0...3) func pairsShowEachFinalistFirstAboutAsOftenAsSecond(count: Int, judge: Int) {
        let finalists = (0..<count).map { _ in UUIDv7.next() }
        let pairs = BallotOrder.pairs(finalists, task: Self.task, phase: "rank", judge: judge)
        #expect(Set(pairs.map(Set.init)).count == count * (count - 1) / 2)
        #expect(pairs.count == count * (count - 1) / 2)
        for id in finalists {
            let first = pairs.count { $0[0] == id }, second = pairs.count { $0[1] == id }
            #expect(abs(first - second) <= 1)
        }
        let next = BallotOrder.pairs(finalists, task: Self.task, phase: "rank", judge: judge + 1)
        #expect(next == pairs.map { $0.reversed() })
    }

    @Test func ordersAreDrawnByTaskAndPhaseAndReproducible() throws {
        let task = try #require(UUID(text: "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
        let finalists = try (0..<5).map { try #require(UUID(text: "017F22E2-79B0-7CC3-98C4-DC0C0C07398\($0)")) }
        let order = BallotOrder.balanced(finalists, task: task, phase: "rank", judge: 0)
        #expect(order == BallotOrder.balanced(finalists.reversed(), task: task, phase: "rank", judge: 0))
        let tasks = (0..<60).map { _ in BallotOrder.balanced(finalists, task: UUIDv7.next(), phase: "rank", judge: 0) }
        #expect(Set(tasks).count > 20)
        #expect(Set(tasks.map(\.first)).count == 5)
        let phases = (0..<20).map { BallotOrder.balanced(finalists, task: task, phase: "rank-\($0)", judge: 0) }
        #expect(Set(phases).count > 5)
    }
}
