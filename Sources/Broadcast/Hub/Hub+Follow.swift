import Foundation
package import Store
import Synchronization

extension Hub {
    /// Keeps a tenant's log fed from now on, at the latest from `head`. Each call needs an `unfollow`.
    package func follow(_ head: LogHead) {
        let isNew = state.withLock { state in
            let known = state.logs[head.tenantID]
            var log =
                known
                ?? TenantLog(head: head, loops: loops.count, configuration: configuration)
            log.followers += 1
            log.idleSince = nil
            state.logs[head.tenantID] = log
            return known == nil
        }
        // Nobody looked up the tasks of texts that began while nobody followed the tenant, and a hint may have come
        // since the head was read.
        if isNew { lookupListener.withLock { $0 }?(head.tenantID) }
    }

    package func unfollow(tenantID: String) {
        state.withLock { state in
            guard let followers = state.logs[tenantID]?.followers else { return }
            state.logs[tenantID]?.followers = followers - 1
            if followers == 1 { state.logs[tenantID]?.idleSince = .now }
        }
    }

    /// Where each followed log stands; those that nobody has followed for a while are forgotten.
    func followedLogs() -> [String: LogHead] {
        state.withLock { state in
            let forgotten = ContinuousClock.now - configuration.linger
            state.logs = state.logs.filter { $0.value.idleSince.map { $0 > forgotten } ?? true }
            return state.logs.reduce(into: [:]) { heads, log in
                heads[log.key] = LogHead(
                    tenantID: log.key, epoch: log.value.epoch, position: log.value.published, pruned: 0)
            }
        }
    }

    func isFollowed(tenantID: String) -> Bool {
        state.withLock { $0.logs[tenantID] != nil }
    }

    func followedLog(tenantID: String) -> LogHead? {
        state.withLock { state in
            state.logs[tenantID].map {
                LogHead(tenantID: tenantID, epoch: $0.epoch, position: $0.published, pruned: 0)
            }
        }
    }

    /// Recent events after a position; nil when they must come from the table.
    func recentEvents(
        tenantID: String, epoch: String, after position: Int64, filter: StreamFilter
    ) -> (events: [PublishedEvent], through: Int64, head: Int64)? {
        state.withLock { state in
            guard let log = state.logs[tenantID], log.epoch == epoch else { return nil }
            return log.ring.page(
                after: position, filter: filter, maxBytes: configuration.replayBytes, published: log.published
            ).map { ($0.events, $0.through, log.head) }
        }
    }
}
