@testable import Postgres
import Testing

@Suite("Pool state machine")
struct PoolStateMachineTests {
    private final class Item {}
    private typealias Machine = PoolStateMachine<Item, Item>

    /// Random events; after each, the counts add up, nobody waits beside a free connection, and the limit holds.
    @Test(arguments: 0..<20)
    func invariantsHold(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var machine = Machine(limit: 3)
        var leased: [Item] = []
        var opening = 0
        var served = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                switch machine.acquire() {
                case .lease(let connection): leased.append(connection)
                case .mustWait: if machine.enqueue(Item()) { opening += 1 }
                case .refused: Issue.record("refused, seed \(seed)")
                }
            case 2 where !leased.isEmpty:
                let connection = leased.removeFirst()
                let isUsable = Bool.random(using: &random)
                if case .lease = machine.release(connection, isUsable: isUsable) { leased.append(connection); served += 1 }
                if machine.openIfUseful() { opening += 1 }
            case 3 where opening > 0:
                opening -= 1
                let connection = Item()
                if case .lease = machine.opened(connection) { leased.append(connection); served += 1 }
            case 4 where !machine.idle.isEmpty:
                machine.remove(machine.idle[0])
            case 5:
                if let waiter = machine.waiters.first {
                    let isWithdrawn = machine.withdraw(waiter)
                    #expect(isWithdrawn, "seed \(seed)")
                }
            default:
                break
            }
            #expect(machine.leased == leased.count, "seed \(seed)")
            #expect(machine.opening == opening, "seed \(seed)")
            #expect(machine.total <= machine.limit, "seed \(seed)")
            #expect(machine.idle.isEmpty || machine.waiters.isEmpty, "seed \(seed)")
            #expect(machine.waiters.isEmpty || machine.total > 0, "a waiter for whom nothing comes, seed \(seed)")
        }
        #expect(served > 0)
    }

    @Test func enoughConnectionsAreKeptIdle() {
        var machine = Machine(limit: 4, minIdle: 3)
        var opening = 0
        while machine.openIfUseful() { opening += 1 }
        #expect(opening == 3)
        let connections = (0..<3).map { _ in Item() }
        for connection in connections { if case .park = machine.opened(connection) {} else { Issue.record("not parked") } }
        let opensMore = machine.openIfUseful()
        #expect(!opensMore)
        guard case .lease = machine.acquire() else {
            Issue.record("no connection")
            return
        }
        // The limit comes first.
        let further = (0..<3).map { _ in machine.openIfUseful() }
        #expect(further == [true, false, false])
        #expect(machine.total == 4)
    }

    @Test func unneededConnectionsLeaveButNotTheLastOnes() {
        var machine = Machine(limit: 5, minIdle: 2)
        let connections = (0..<5).map { _ in Item() }
        for connection in connections {
            _ = machine.enqueue(Item())
            _ = machine.opened(connection)
        }
        for connection in connections { _ = machine.release(connection, isUsable: true) }
        let unneeded = machine.takeUnneeded { $0 !== connections[1] }
        // The longest unused first, except the one that is still needed.
        #expect(unneeded.count == 3)
        #expect(zip(unneeded, [connections[0], connections[2], connections[3]]).allSatisfy { $0 === $1 })
        #expect(machine.idle.count == 2)
        // What is too old leaves in any case.
        let old = machine.takeIdle { _ in true }
        #expect(old.count == 2)
        #expect(machine.total == 0)
    }

    @Test func aConnectionThatIsTriedIsLeased() {
        var machine = Machine(limit: 1)
        _ = machine.enqueue(Item())
        let connection = Item()
        _ = machine.opened(connection)
        _ = machine.release(connection, isUsable: true)
        let borrowed = machine.borrowIdle { _ in true }
        #expect(borrowed.count == 1)
        #expect(machine.leased == 1 && machine.idle.isEmpty)
        if case .mustWait = machine.acquire() {} else { Issue.record("lent twice") }
        let waiter = Item()
        let opens = machine.enqueue(waiter)
        #expect(!opens)
        guard case .lease(let served) = machine.release(connection, isUsable: true) else {
            Issue.record("nobody was served")
            return
        }
        #expect(served === waiter)
        _ = machine.shutDown()
        let afterwards = machine.borrowIdle { _ in true }
        #expect(afterwards.isEmpty)
    }

    @Test func waitersAreServedInOrder() {
        var machine = Machine(limit: 1)
        let waiters = (0..<3).map { _ in Item() }
        _ = waiters.map { machine.enqueue($0) }
        let connection = Item()
        guard case .lease(let first) = machine.opened(connection) else {
            Issue.record("nobody was served")
            return
        }
        #expect(first === waiters[0])
        _ = machine.withdraw(waiters[1])
        guard case .lease(let next) = machine.release(connection, isUsable: true) else {
            Issue.record("nobody was served")
            return
        }
        #expect(next === waiters[2])
    }

    @Test func afterShutdownEverythingIsRefused() {
        var machine = Machine(limit: 2)
        _ = machine.enqueue(Item())
        let connection = Item()
        _ = machine.opened(connection)
        _ = machine.enqueue(Item())
        #expect(machine.shutDown().waiters.count == 1)
        if case .refused = machine.acquire() {} else { Issue.record("not refused") }
        if case .close = machine.release(connection, isUsable: true) {} else { Issue.record("not closed") }
    }
}

/// A seeded generator, so that a failure can be repeated (S. Vigna, SplitMix64).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
