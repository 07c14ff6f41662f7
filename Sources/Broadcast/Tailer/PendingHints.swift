import Foundation
import Store

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
