import Base
package import Foundation
package import Logging
import ServiceLifecycle
package import Store
import Synchronization

/// Notifies the other nodes on the same database of this node's commits, and this node of theirs.
///
/// No write waits for it: what was committed gathers and is sent in a statement of its own, at most one each 10 ms.
/// Events whose notification is lost are found by polling, whose interval is the same whether or not this node listens.
package struct NodeNotifications: Service {
    private let pending: CommitCollector
    private let store: Store
    private let tailer: Tailer
    private let onWork: @Sendable () -> Void
    private let logger: Logger

    /// Between two statements.
    private static let spacing = Duration.milliseconds(10)

    /// - Parameters:
    ///   - commits: an observer of the store's commits.
    ///   - onWork: called when another node notifies of steps that may be claimed. It must not block.
    package init(
        of commits: CommitCollector, store: Store, tailer: Tailer, onWork: @escaping @Sendable () -> Void, logger: Logger
    ) {
        pending = commits
        self.store = store
        self.tailer = tailer
        self.onWork = onWork
        self.logger = logger
    }

    package func run() async throws {
        let listener = NodeNotificationListener(store: store, logger: logger)
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listener.run() }
                group.addTask { await send() }
                for await report in listener.reports { take(report) }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        // The processor has just handed its steps back.
        if let notification = pending.notifications.withLock({ $0.take(at: .now) }) { try? await store.send(notification) }
    }

    private func take(_ report: NodeNotificationListener.Report) {
        switch report {
        case .connected:
            pending.change { $0.beganToListen() }
            tailer.look(at: nil)
            onWork()
        case .disconnected:
            pending.change { $0.stoppedListening() }
        case .heard(let notification) where notification.nodeID == pending.nodeID:
            return
        case .heard(let notification):
            if notification.nodeID != nil { pending.change { $0.heardOther(asking: notification.asksWhoIsThere, at: .now) } }
            tailer.look(at: notification.tenantIDs)
            if notification.hasWork { onWork() }
        }
    }

    private func send() async {
        var failures = 0
        while !Task.isCancelled {
            if let notification = pending.notifications.withLock({ $0.take(at: .now) }) {
                do {
                    try await store.send(notification)
                    failures = 0
                } catch {
                    failures += 1
                    pending.change { $0.wasNotSent(notification) }
                    if failures == 1, !Task.isCancelled {
                        logger.debug("the other nodes cannot be told", metadata: ["error": "\(error)"])
                    }
                }
            }
            try? await Task.sleep(for: failures == 0 ? Self.spacing : Backoff.reading.delay(afterFailures: failures))
            await pending.alarm.pause(for: PendingNotifications.greetingInterval)
        }
    }
}

/// Collects the commits of this node until the other nodes are notified of them.
package final class CommitCollector: CommitObserver {
    /// Tells this node's notifications from those of others.
    let nodeID: UUID
    let notifications: Mutex<PendingNotifications>
    /// Wakes the loop that sends notifications.
    let alarm = Alarm()

    package init(nodeID: UUID) {
        self.nodeID = nodeID
        notifications = Mutex(PendingNotifications(nodeID: nodeID))
    }

    package func committed(_ commit: Commit) {
        change { pending in
            pending.add(tenantID: commit.tenantID)
            if commit.work > .none { pending.addWork() }
        }
    }

    /// Wakes the loop if the change must be sent now. The commits of a node that is alone do not wake it.
    func change(_ change: (inout PendingNotifications) -> Void) {
        let isUrgent = notifications.withLock { notifications in
            change(&notifications)
            return notifications.isUrgent(at: .now)
        }
        if isUrgent { alarm.ring() }
    }
}

/// What this node has to notify others of. A node that is alone sends nothing but a greeting now and then.
struct PendingNotifications: Sendable {
    /// The time between two greetings.
    static let greetingInterval = Duration.seconds(10)
    /// A node that has sent nothing for so long counts as gone.
    static let presence = Duration.seconds(30)

    private let nodeID: UUID
    private var tenantIDs: Set<String>? = []
    private var hasWork = false
    private var asksWhoIsThere = false
    private var isListening = false
    private var othersHeardAt: ContinuousClock.Instant?
    private var greetedAt: ContinuousClock.Instant?

    init(nodeID: UUID) {
        self.nodeID = nodeID
    }

    mutating func add(tenantID: String) {
        tenantIDs?.insert(tenantID)
    }

    mutating func addWork() {
        hasWork = true
    }

    /// From now on notifications of others are received. What they sent before was missed.
    mutating func beganToListen() {
        isListening = true
        asksWhoIsThere = true
        addEverything()
    }

    mutating func stoppedListening() {
        isListening = false
    }

    /// Another node has sent a notification. If it asks, or no other node was present before, it has missed what was not
    /// sent.
    mutating func heardOther(asking: Bool, at now: ContinuousClock.Instant) {
        if asking || !hasOthers(at: now) { addEverything() }
        othersHeardAt = now
    }

    /// The notification to send now, if any. Nothing is pending afterwards.
    mutating func take(at now: ContinuousClock.Instant) -> NodeNotification? {
        let isGreeting = asksWhoIsThere || greetedAt.map { now - $0 >= Self.greetingInterval } ?? true
        let notification = NodeNotification(
            nodeID: nodeID, tenantIDs: tenantIDs, hasWork: hasWork, asksWhoIsThere: asksWhoIsThere)
        let isEmpty = tenantIDs?.isEmpty ?? false && !hasWork
        let isWanted = isWanted(at: now)
        (tenantIDs, hasWork, asksWhoIsThere) = ([], false, false)
        guard isGreeting || isWanted && !isEmpty else { return nil }
        greetedAt = now
        return notification
    }

    /// Whether changes are sent before the next greeting.
    func isUrgent(at now: ContinuousClock.Instant) -> Bool {
        asksWhoIsThere || isWanted(at: now)
    }

    /// Whether other nodes may be present.
    private func isWanted(at now: ContinuousClock.Instant) -> Bool {
        !isListening || hasOthers(at: now)
    }

    /// A notification could not be sent. The next one says that any tenant may have new events and that there may be work.
    mutating func wasNotSent(_ notification: NodeNotification) {
        asksWhoIsThere = asksWhoIsThere || notification.asksWhoIsThere
        addEverything()
    }

    private func hasOthers(at now: ContinuousClock.Instant) -> Bool {
        othersHeardAt.map { now - $0 < Self.presence } ?? false
    }

    private mutating func addEverything() {
        tenantIDs = nil
        hasWork = true
    }
}
