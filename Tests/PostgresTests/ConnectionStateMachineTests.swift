@testable import Postgres
import Testing

@Suite("Connection state machine")
struct ConnectionStateMachineTests {
    typealias Machine = ConnectionStateMachine

    private func plan(_ batch: Batch, _ statements: inout StatementCache) -> BatchPlan {
        BatchPlan(batch, statements: &statements, isTransactionIdle: true)
    }

    private func busy(_ batch: Batch = .script("SELECT 1")) -> Machine {
        var statements = StatementCache(capacity: 4)
        var machine = Machine()
        machine.begin(plan(batch, &statements))
        return machine
    }

    @Test func aFreshStatementIsPreparedAndRunInOneRoundTrip() {
        var statements = StatementCache(capacity: 4)
        var machine = Machine()
        let first = plan(.statement("SELECT 1"), &statements)
        #expect(first.steps == [.prepare(query: 0, name: "s1"), .execute(query: 0, name: "s1", isFresh: true), .sync])
        machine.begin(first)
        let replies: [Machine.Reply] = [.success, .end, .success, .end, .sync]
        let actions = replies.map { machine.received($0) }
        #expect(actions == [.keep(first.steps[0]), .readOn, .keep(first.steps[1]), .readOn, .complete])
        #expect(machine.isIdle)

        let second = plan(.statement("SELECT 1"), &statements)
        #expect(second.steps == [.execute(query: 0, name: "s1", isFresh: false)])
        machine.begin(second)
        #expect([.success, .end].map { machine.received($0) } == [.keep(second.steps[0]), .complete])
    }

    @Test func aFailedPipelineSkipsToItsSync() {
        var machine = busy(.pipeline(["A", "B"]))
        let actions = [.failure, .end, .aborted, .end, .aborted, .end, .aborted, .end, .sync].map { machine.received($0) }
        #expect(actions.last == .complete)
        #expect(actions.filter { if case .keep = $0 { true } else { false } }.count == 4)
    }

    @Test(arguments: [[Machine.Reply.sync], [.copy], [.success, .end, .success]])
    func whatWasNotAskedForIsAViolation(replies: [Machine.Reply]) {
        var machine = busy()
        let last = replies.map { machine.received($0) }.last
        guard case .violation = last else {
            Issue.record("\(String(describing: last))")
            return
        }
    }

    @Test func aConnectionIsBusyUntilTheCancelRequestHasReturned() {
        var machine = busy()
        #expect(machine.cancel() == .send(giveUpAfter: .seconds(5)))
        #expect(machine.cancel() == .none)
        _ = machine.received(.failure)
        #expect(machine.received(.end) == .settle)
        #expect(!machine.isIdle)
        #expect(!machine.isReading)
        #expect(machine.cancelReturned() == .complete)
        #expect(machine.isIdle)
    }

    @Test func aCancelThatCameTooEarlyIsRepeatedAndFinallyGivenUp() {
        var machine = busy()
        var delays: [Duration] = []
        var action = machine.cancel()
        while action == .send(giveUpAfter: .seconds(5)) {
            guard case .retry(let delay) = machine.cancelReturned() else { break }
            delays.append(delay)
            action = machine.deadlinePassed()
        }
        #expect(action == .giveUp)
        #expect(delays.count == 8)
        #expect(delays.reduce(.zero, +) == .milliseconds(5100))
    }

    @Test func aCancelRequestThatHangsIsGivenUp() {
        var machine = busy()
        _ = machine.cancel()
        #expect(machine.deadlinePassed() == .giveUp)
    }

    @Test func nothingToCancelIsNoReasonToCancel() {
        var machine = Machine()
        #expect(machine.cancel() == .none)
        #expect(machine.cancelReturned() == .none)
        #expect(machine.deadlinePassed() == .none)
        machine.close()
        #expect(machine.cancel() == .none)
        #expect(machine.isClosed)
    }

    @Test func theLeastRecentlyUsedStatementMakesRoom() {
        var statements = StatementCache(capacity: 2)
        _ = statements.insert("A")
        _ = statements.insert("B")
        #expect(statements.name(for: "A") == "s1")
        _ = statements.insert("C")
        #expect(statements.name(for: "B") == nil)
        #expect(statements.evicted == ["s2"])
        let next = plan(.statement("D"), &statements)
        #expect(next.steps.prefix(2) == [.deallocate(name: "s2"), .sync])
        // A is evicted for D meanwhile, and waits for the next round.
        #expect(statements.evicted == ["s1"])
    }
}
