import Base
import Testing
import Workflow

@testable import Broadcast

@Suite("The handover from replay to live")
struct SubscriberStateMachineTests {
    /// A log that grows, a hub that publishes it in batches, and a subscriber that joins in the middle, in any order.
    private struct Schedule {
        var random: SeededGenerator
        var log: [PublishedEvent] = []
        var published = 0
        var machine: SubscriberStateMachine
        var sent: [Int64] = []
        var replayAfter: Int64?
        var wentLive = false
        let cursor: Int64

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            let before = Int(random.next(below: 40))
            log = (0..<before).map { Samples.event(Int64($0 + 1)) }
            published = Int(random.next(below: UInt64(before + 1)))
            cursor = Int64(random.next(below: UInt64(before + 1)))
            machine = SubscriberStateMachine(
                after: cursor, joinedAt: Int64(published), queueLimit: Int(random.next(below: 4)) * 100)
            take(machine.replayed(through: cursor, mayGoLive: true))
        }

        mutating func take(_ action: SubscriberStateMachine.ReplayAction) {
            switch action {
            case .replay(let position): replayAfter = position
            case .goLive(let events):
                replayAfter = nil
                wentLive = true
                sent += events.map(\.position)
            case .ignore: replayAfter = nil
            }
        }

        mutating func append() {
            log.append(Samples.event(Int64(log.count + 1)))
        }

        mutating func publish() {
            guard published < log.count else { return }
            let end = published + 1 + Int(random.next(below: UInt64(log.count - published)))
            let batch = Array(log[published..<end])
            published = end
            sent += machine.offered(batch, through: Int64(end)).map(\.position)
        }

        mutating func readPage() {
            guard let after = replayAfter else { return }
            let rest = log.count - Int(after)
            let end = Int(after) + min(rest, 1 + Int(random.next(below: 6)))
            sent += log[min(Int(after), end)..<end].map(\.position)
            take(machine.replayed(through: Int64(end), mayGoLive: random.next(below: 4) != 0))
        }
    }

    @Test("every event comes once and in order, however replay and publishing interleave", arguments: 0..<400)
    func randomSchedules(run: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var schedule = Schedule(seed: seed)
        for _ in 0..<200 {
            switch schedule.random.next(below: 5) {
            case 0, 1: schedule.append()
            case 2, 3: schedule.publish()
            default: schedule.readPage()
            }
        }
        while schedule.published < schedule.log.count || schedule.replayAfter != nil {
            schedule.publish()
            schedule.readPage()
        }
        let expected = schedule.log.map(\.position).filter { $0 > schedule.cursor }
        #expect(schedule.sent == expected, "seed \(seed)")
        #expect(schedule.wentLive, "seed \(seed)")
    }

    @Test("a cursor ahead of the hub skips what it has")
    func ahead() {
        var machine = SubscriberStateMachine(after: 5, joinedAt: 3, queueLimit: 1000)
        guard case .goLive(let first) = machine.replayed(through: 5, mayGoLive: true) else {
            Issue.record("it should be live at once")
            return
        }
        #expect(first.isEmpty)
        #expect(!machine.isLevel(with: 3))
        #expect(machine.offered([4, 5, 6].map { Samples.event($0) }, through: 6).map(\.position) == [6])
        #expect(machine.isLevel(with: 6))
    }

    @Test("an overflow of the queue makes the replay longer, and loses nothing")
    func overflow() {
        var machine = SubscriberStateMachine(after: 0, joinedAt: 1, queueLimit: 10)
        #expect(machine.offered((2...9).map { Samples.event($0) }, through: 9).isEmpty)
        guard case .replay(after: 1) = machine.replayed(through: 1, mayGoLive: true) else {
            Issue.record("what was dropped must be read")
            return
        }
        #expect(machine.offered([Samples.event(10, data: "{}")], through: 10).isEmpty)
        guard case .replay(after: 9) = machine.replayed(through: 9, mayGoLive: true) else {
            Issue.record("10 was dropped too")
            return
        }
    }

    @Test("closed is closed")
    func closed() {
        var machine = SubscriberStateMachine(after: 0, joinedAt: 0, queueLimit: 100)
        machine.close()
        #expect(machine.offered([Samples.event(1)], through: 1).isEmpty)
        guard case .ignore = machine.replayed(through: 1, mayGoLive: true) else {
            Issue.record("a closed subscriber does not go live")
            return
        }
    }
}
