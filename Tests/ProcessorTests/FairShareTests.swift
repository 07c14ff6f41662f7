import Base
import Testing
import Workflow

@testable import Processor

@Suite("Slots of a node, divided among tenants")
struct FairShareTests {
    private func divide(free: Int, reserve: Int = 0, _ running: [(String, Int)]) -> [String: Int] {
        let shares = FairShare.divide(
            free: free, reserve: reserve, among: running.map(\.0), running: Dictionary(uniqueKeysWithValues: running))
        return Dictionary(uniqueKeysWithValues: shares.map { ($0.tenantID, $0.slots) })
    }

    @Test("One tenant takes all; several go level; the first ones take the rest")
    func shares() {
        #expect(divide(free: 64, [("a", 0)]) == ["a": 64])
        #expect(divide(free: 10, [("a", 0), ("b", 0)]) == ["a": 5, "b": 5])
        #expect(divide(free: 10, [("a", 8), ("b", 0)]) == ["a": 1, "b": 9])
        #expect(divide(free: 5, [("a", 8), ("b", 0)]) == ["b": 5])
        #expect(divide(free: 2, [("a", 0), ("b", 0), ("c", 0)]) == ["a": 1, "b": 1])
        #expect(divide(free: 0, [("a", 0)]).isEmpty)
        #expect(divide(free: -3, reserve: 2, [("a", 0)]).isEmpty)
        #expect(divide(free: 5, []).isEmpty)
    }

    @Test("The reserve is for those that run nothing, one slot each")
    func reserve() {
        #expect(divide(free: 2, reserve: 2, [("a", 6)]).isEmpty)
        #expect(divide(free: 2, reserve: 2, [("a", 6), ("b", 0)]) == ["b": 1])
        #expect(divide(free: 2, reserve: 2, [("a", 6), ("b", 0), ("c", 0), ("d", 0)]) == ["b": 1, "c": 1])
        #expect(divide(free: 8, reserve: 2, [("a", 0)]) == ["a": 6])
    }

    @Test("What a commit claims directly passes by no other tenant that waits")
    func direct() {
        #expect(FairShare.direct(wanted: 9, of: 64, "a", waiting: [], running: ["a": 60, "b": 3]) == 9)
        #expect(FairShare.direct(wanted: 9, of: 64, "a", waiting: ["a"], running: ["a": 60]) == 9)
        #expect(FairShare.direct(wanted: 9, of: 64, "a", waiting: ["a", "b"], running: ["a": 30]) == 2)
        #expect(FairShare.direct(wanted: 9, of: 64, "a", waiting: ["b"], running: ["a": 40]) == 0)
        #expect(FairShare.direct(wanted: 9, of: 64, "a", waiting: ["b"], running: ["c": 40]) == 9)
    }

    @Test("Never more than is free, never a slot to the richer while the poorer waits")
    func property() {
        let seed = UInt64.random(in: 0...(.max))
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let names = (0..<Int.random(in: 1...8, using: &random)).map { "t\($0)" }
            let running = Dictionary(uniqueKeysWithValues: names.map { ($0, Int.random(in: 0...12, using: &random)) })
            let free = Int.random(in: 0...40, using: &random)
            let reserve = Int.random(in: 0...10, using: &random)
            let shares = Dictionary(
                uniqueKeysWithValues: FairShare.divide(free: free, reserve: reserve, among: names, running: running)
                    .map { ($0.tenantID, $0.slots) })
            let total = shares.values.reduce(0, +)
            #expect(total <= free, "seed \(seed)")
            let newcomers = names.count { running[$0] == 0 && shares[$0] == nil }
            #expect(total >= max(0, free - reserve), "seed \(seed)")
            #expect(newcomers == 0 || total == free, "seed \(seed)")
            for poor in names {
                for (rich, slots) in shares where slots > 0 && running[rich] != 0 {
                    let after = { (name: String) in (running[name] ?? 0) + (shares[name] ?? 0) }
                    #expect(after(rich) <= after(poor) + 1, "seed \(seed)")
                }
            }
        }
    }
}
