package import Foundation
package import Logging
import ServiceLifecycle
package import Store
import Synchronization

/// Tells the other nodes on the same database of this node's commits, and this node of theirs.
///
/// It is never in the way of a write: what was committed gathers, and goes out in a statement of its own, at most one
/// each 10 ms. What gets lost on the way is found by polling, at the same pace whether or not others can be heard.
package struct NodeHints: Service {
    private let nodeID: UUID
    private let store: Store
    private let tailer: Tailer
    private let onWork: @Sendable () -> Void
    private let logger: Logger
    private let pending: Pending

    /// What hints and the loop that sends them share.
    private final class Pending: Sendable {
        let hints: Mutex<PendingHints>
        let alarm = Alarm()

        init(nodeID: UUID) {
            hints = Mutex(PendingHints(nodeID: nodeID))
        }

        /// A node that is alone has nobody to tell: its commits do not wake the loop.
        func change(_ change: (inout PendingHints) -> Void) {
            let isUrgent = hints.withLock { hints in
                change(&hints)
                return hints.isUrgent(at: .now)
            }
            if isUrgent { alarm.ring() }
        }
    }

    /// Between two statements.
    private static let spacing = Duration.milliseconds(10)

    /// - Parameters:
    ///   - nodeID: tells this node's hints from the others'.
    ///   - onWork: called when another node says that there may be something to claim. It must not block.
    package init(
        nodeID: UUID, store: Store, tailer: Tailer, onWork: @escaping @Sendable () -> Void, logger: Logger
    ) {
        self.nodeID = nodeID
        self.store = store
        self.tailer = tailer
        self.onWork = onWork
        self.logger = logger
        pending = Pending(nodeID: nodeID)
    }

    package func run() async throws {
        store.hints.onEvents { [pending] tenantID in pending.change { $0.add(tenantID: tenantID) } }
        store.hints.onWork { [pending] _ in pending.change { $0.addWork() } }
        let listener = NodeHintListener(store: store, logger: logger)
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
        if let hint = pending.hints.withLock({ $0.take(at: .now) }) { try? await store.send(hint) }
    }

    private func take(_ report: NodeHintListener.Report) {
        switch report {
        case .connected:
            pending.change { $0.beganToListen() }
            tailer.look(at: nil)
            onWork()
        case .disconnected:
            pending.change { $0.stoppedListening() }
        case .heard(let hint) where hint.nodeID == nodeID:
            return
        case .heard(let hint):
            if hint.nodeID != nil { pending.change { $0.heardOther(asking: hint.asksWhoIsThere, at: .now) } }
            tailer.look(at: hint.tenantIDs)
            if hint.hasWork { onWork() }
        }
    }

    private func send() async {
        var failures = 0
        while !Task.isCancelled {
            if let hint = pending.hints.withLock({ $0.take(at: .now) }) {
                do {
                    try await store.send(hint)
                    failures = 0
                } catch {
                    failures += 1
                    pending.change { $0.wasNotSent(hint) }
                    if failures == 1, !Task.isCancelled {
                        logger.debug("the other nodes cannot be told", metadata: ["error": "\(error)"])
                    }
                }
            }
            try? await Task.sleep(for: failures == 0 ? Self.spacing : Backoff.delay(afterFailures: failures))
            await pending.alarm.pause(for: PendingHints.greetingInterval)
        }
    }
}

/// What this node has to tell the others, and whether there is anybody to tell: a node that is alone keeps quiet, but
/// for a greeting now and then.
struct PendingHints: Sendable {
    /// Between two greetings.
    static let greetingInterval = Duration.seconds(10)
    /// Nodes that have said nothing for so long are gone.
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

    /// From now on others are heard; until they are, it is not known whether there are any.
    mutating func beganToListen() {
        isListening = true
        asksWhoIsThere = true
        addEverything()
    }

    mutating func stoppedListening() {
        isListening = false
    }

    /// Another node said something. When nobody was there before, or it asks, it has missed what was not said.
    mutating func heardOther(asking: Bool, at now: ContinuousClock.Instant) {
        if asking || !hasOthers(at: now) { addEverything() }
        othersHeardAt = now
    }

    /// What is to be said now, if anything; nothing is pending afterwards.
    mutating func take(at now: ContinuousClock.Instant) -> NodeHint? {
        let isGreeting = asksWhoIsThere || greetedAt.map { now - $0 >= Self.greetingInterval } ?? true
        let hint = NodeHint(
            nodeID: nodeID, tenantIDs: tenantIDs, hasWork: hasWork, asksWhoIsThere: asksWhoIsThere)
        let isEmpty = tenantIDs?.isEmpty ?? false && !hasWork
        let isWanted = isWanted(at: now)
        (tenantIDs, hasWork, asksWhoIsThere) = ([], false, false)
        guard isGreeting || isWanted && !isEmpty else { return nil }
        greetedAt = now
        return hint
    }

    /// Whether something is to be said before the next greeting.
    func isUrgent(at now: ContinuousClock.Instant) -> Bool {
        asksWhoIsThere || isWanted(at: now)
    }

    /// Whether somebody may be there to be told.
    private func isWanted(at now: ContinuousClock.Instant) -> Bool {
        !isListening || hasOthers(at: now)
    }

    /// The hint did not go out. Meanwhile nothing else did, so the next one says that there may be anything.
    mutating func wasNotSent(_ hint: NodeHint) {
        asksWhoIsThere = asksWhoIsThere || hint.asksWhoIsThere
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
