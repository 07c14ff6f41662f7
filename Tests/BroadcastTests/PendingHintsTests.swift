import Foundation
import Testing

@testable import Broadcast
@testable import Store

@Suite("What nodes tell each other")
struct PendingHintsTests {
    private let id = UUID()
    private let start = ContinuousClock.now

    private func alone() -> PendingHints {
        var hints = PendingHints(nodeID: id)
        hints.beganToListen()
        _ = hints.take(at: start)
        return hints
    }

    @Test("a node that is alone greets now and then, and says nothing else")
    func aloneIsQuiet() {
        var hints = alone()
        hints.add(tenantID: "a")
        hints.addWork()
        #expect(hints.take(at: start + .seconds(1)) == nil)
        #expect(hints.take(at: start + PendingHints.greetingInterval) == NodeHint(nodeID: id))
        #expect(hints.take(at: start + PendingHints.greetingInterval + .seconds(1)) == nil)
    }

    @Test("who begins to listen asks, and says that there may be anything")
    func beginning() {
        var hints = PendingHints(nodeID: id)
        hints.beganToListen()
        #expect(hints.take(at: start) == NodeHint(nodeID: id, tenantIDs: nil, hasWork: true, asksWhoIsThere: true))
    }

    @Test("with others there, it says what was committed, once")
    func others() {
        var hints = alone()
        hints.heardOther(asking: false, at: start)
        #expect(hints.take(at: start) == NodeHint(nodeID: id, tenantIDs: nil, hasWork: true))
        hints.heardOther(asking: false, at: start)
        hints.add(tenantID: "b")
        hints.add(tenantID: "a")
        hints.add(tenantID: "b")
        #expect(hints.take(at: start) == NodeHint(nodeID: id, tenantIDs: ["a", "b"]))
        #expect(hints.take(at: start) == nil)
        hints.addWork()
        #expect(hints.take(at: start) == NodeHint(nodeID: id, hasWork: true))
    }

    @Test("who asks has missed what was said before")
    func asked() {
        var hints = alone()
        hints.heardOther(asking: false, at: start)
        _ = hints.take(at: start)
        hints.heardOther(asking: true, at: start)
        #expect(hints.take(at: start) == NodeHint(nodeID: id, tenantIDs: nil, hasWork: true))
    }

    @Test("others that say nothing any more are gone, and are told everything when they come back")
    func gone() {
        var hints = alone()
        hints.heardOther(asking: false, at: start)
        _ = hints.take(at: start)
        let later = start + PendingHints.presence
        hints.add(tenantID: "a")
        #expect(hints.take(at: later)?.tenantIDs == ["a"], "a greeting carries what there is")
        hints.add(tenantID: "a")
        #expect(hints.take(at: later + .seconds(1)) == nil)
        hints.heardOther(asking: false, at: later + .seconds(2))
        #expect(hints.take(at: later + .seconds(2)) == NodeHint(nodeID: id, tenantIDs: nil, hasWork: true))
    }

    @Test("while it hears nobody it does not know that it is alone")
    func deaf() {
        var hints = alone()
        hints.stoppedListening()
        hints.add(tenantID: "a")
        #expect(hints.take(at: start + .seconds(1)) == NodeHint(nodeID: id, tenantIDs: ["a"]))
    }

    @Test("what could not be sent is not forgotten")
    func unsent() throws {
        var hints = PendingHints(nodeID: id)
        hints.beganToListen()
        let taken = hints.take(at: start)
        let hint = try #require(taken)
        hints.wasNotSent(hint)
        #expect(hints.take(at: start) == hint)
    }

    @Test("the payload says the same when it is read, whatever the tenants are called")
    func payload() {
        for tenants in [[], ["a", "\"b\"\n", "é😀"]] as [Set<String>] {
            let hint = NodeHint(nodeID: id, tenantIDs: tenants, hasWork: true, asksWhoIsThere: true)
            #expect(NodeHint(payload: hint.payload) == hint)
        }
    }

    @Test("tenants that do not fit become any tenant", arguments: [100, 300, 10_000])
    func limit(count: Int) {
        let tenants = Set((0..<count).map { "tenant number \($0) with a long name" })
        let hint = NodeHint(nodeID: id, tenantIDs: tenants)
        #expect(hint.payload.utf8.count < 8_000)
        #expect(NodeHint(payload: hint.payload).tenantIDs == (count == 100 ? tenants : nil))
    }

    @Test("what was typed by hand means everything", arguments: ["", "look!", "[]", "{}"])
    func typed(payload: String) {
        #expect(NodeHint(payload: payload) == NodeHint(nodeID: nil, tenantIDs: nil, hasWork: true))
    }
}
