import Store
import Synchronization

/// What this node saw of the queue when it last looked: so that a commit that claims the steps it adds passes by nobody
/// who waits.
final class QueueView: Sendable {
    struct Look: Sendable {
        /// The best priority of a waiting step, by tenant.
        var priorities: [String: Int] = [:]
        var hasSeveralTenants = false
    }

    private let state = Mutex<(look: Look, at: ContinuousClock.Instant?)>((Look(), nil))

    var look: Look { state.withLock { $0.look } }

    /// Whether the last look is so old that the queue may be another by now.
    var isOld: Bool {
        state.withLock { $0.at.map { ContinuousClock.now - $0 > .milliseconds(100) } ?? true }
    }

    /// - Parameter open: the lanes that no limit is known to close.
    func saw(_ waiting: WaitingLanes, open: [String: [Lane]]) {
        let priorities = open.reduce(into: [String: Int]()) { best, tenant in
            best[tenant.key] = tenant.value.compactMap { waiting.priorities[tenant.key]?[$0] }.max()
        }
        let look = Look(priorities: priorities, hasSeveralTenants: waiting.hasSeveralTenants)
        state.withLock { $0 = (look, .now) }
    }
}
