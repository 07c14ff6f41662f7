import Foundation
import Testing

@testable import Broadcast
@testable import Store

@Suite("What nodes tell each other")
struct PendingNotificationsTests {
    private let id = UUID()
    private let start = ContinuousClock.now

    private func alone() -> PendingNotifications {
        var notifications = PendingNotifications(nodeID: id)
        notifications.beganToListen()
        _ = notifications.take(at: start)
        return notifications
    }

    @Test("a node that is alone greets now and then, and says nothing else")
    func aloneIsQuiet() {
        var notifications = alone()
        notifications.add(tenantID: "a")
        notifications.addWork()
        #expect(notifications.take(at: start + .seconds(1)) == nil)
        #expect(notifications.take(at: start + PendingNotifications.greetingInterval) == NodeNotification(nodeID: id))
        #expect(notifications.take(at: start + PendingNotifications.greetingInterval + .seconds(1)) == nil)
    }

    @Test("who begins to listen asks, and says that there may be anything")
    func beginning() {
        var notifications = PendingNotifications(nodeID: id)
        notifications.beganToListen()
        #expect(notifications.take(at: start) == NodeNotification(nodeID: id, tenantIDs: nil, hasWork: true, asksWhoIsThere: true))
    }

    @Test("with others there, it says what was committed, once")
    func others() {
        var notifications = alone()
        notifications.heardOther(asking: false, at: start)
        #expect(notifications.take(at: start) == NodeNotification(nodeID: id, tenantIDs: nil, hasWork: true))
        notifications.heardOther(asking: false, at: start)
        notifications.add(tenantID: "b")
        notifications.add(tenantID: "a")
        notifications.add(tenantID: "b")
        #expect(notifications.take(at: start) == NodeNotification(nodeID: id, tenantIDs: ["a", "b"]))
        #expect(notifications.take(at: start) == nil)
        notifications.addWork()
        #expect(notifications.take(at: start) == NodeNotification(nodeID: id, hasWork: true))
    }

    @Test("who asks has missed what was said before")
    func asked() {
        var notifications = alone()
        notifications.heardOther(asking: false, at: start)
        _ = notifications.take(at: start)
        notifications.heardOther(asking: true, at: start)
        #expect(notifications.take(at: start) == NodeNotification(nodeID: id, tenantIDs: nil, hasWork: true))
    }

    @Test("others that say nothing any more are gone, and are told everything when they come back")
    func gone() {
        var notifications = alone()
        notifications.heardOther(asking: false, at: start)
        _ = notifications.take(at: start)
        let later = start + PendingNotifications.presence
        notifications.add(tenantID: "a")
        #expect(notifications.take(at: later)?.tenantIDs == ["a"], "a greeting carries what there is")
        notifications.add(tenantID: "a")
        #expect(notifications.take(at: later + .seconds(1)) == nil)
        notifications.heardOther(asking: false, at: later + .seconds(2))
        #expect(notifications.take(at: later + .seconds(2)) == NodeNotification(nodeID: id, tenantIDs: nil, hasWork: true))
    }

    @Test("while it hears nobody it does not know that it is alone")
    func deaf() {
        var notifications = alone()
        notifications.stoppedListening()
        notifications.add(tenantID: "a")
        #expect(notifications.take(at: start + .seconds(1)) == NodeNotification(nodeID: id, tenantIDs: ["a"]))
    }

    @Test("what could not be sent is not forgotten")
    func unsent() throws {
        var notifications = PendingNotifications(nodeID: id)
        notifications.beganToListen()
        let taken = notifications.take(at: start)
        let notification = try #require(taken)
        notifications.wasNotSent(notification)
        #expect(notifications.take(at: start) == notification)
    }

    @Test("the payload says the same when it is read, whatever the tenants are called")
    func payload() {
        for tenants in [[], ["a", "\"b\"\n", "é😀"]] as [Set<String>] {
            let notification = NodeNotification(nodeID: id, tenantIDs: tenants, hasWork: true, asksWhoIsThere: true)
            #expect(NodeNotification(payload: notification.payload) == notification)
        }
    }

    @Test("tenants that do not fit become any tenant", arguments: [100, 300, 10_000])
    func limit(count: Int) {
        let tenants = Set((0..<count).map { "tenant number \($0) with a long name" })
        let notification = NodeNotification(nodeID: id, tenantIDs: tenants)
        #expect(notification.payload.utf8.count < 8_000)
        #expect(NodeNotification(payload: notification.payload).tenantIDs == (count == 100 ? tenants : nil))
    }

    @Test("what was typed by hand means everything", arguments: ["", "look!", "[]", "{}"])
    func typed(payload: String) {
        #expect(NodeNotification(payload: payload) == NodeNotification(nodeID: nil, tenantIDs: nil, hasWork: true))
    }
}
