import Store
import Synchronization
import Workflow

/// Texts that other nodes write, as this one reads them from the table.
///
/// They are read some time after they were written, and the log may have gone on meanwhile: what was read before the
/// last change of the task's outputs that the streams know of is not sent, because the text may have become a row.
extension Hub {
    /// The tenants with streams on this node, whose texts are to be looked at.
    func watchedTenants() -> [String] {
        state.withLock { state in
            var watched: [String] = []
            for (tenantID, log) in state.logs {
                if log.subscribersByLoop.contains(where: { $0 > 0 }) {
                    state.logs[tenantID]?.outputChanges.watch(from: log.published)
                    watched.append(tenantID)
                } else {
                    state.logs[tenantID]?.outputChanges.unwatch()
                }
            }
            return watched
        }
    }

    /// Sends on a piece of another node's text. False when it was read too early: then it has to be read again.
    func publish(_ delta: OutputDelta, readAt head: LogHead) -> Bool {
        let posted: (calls: [Int], isUnknown: Bool)? = state.withLock { state in
            guard let log = state.logs[delta.tenantID], log.epoch == head.epoch,
                log.outputChanges.isCurrent(delta.taskID, seenAt: head.position)
            else { return nil }
            return state.post(delta, seenAt: head.position)
        }
        guard let posted else { return false }
        call(posted.calls)
        if posted.isUnknown { lookupListener.withLock { $0 }?(delta.tenantID) }
        return true
    }

    /// Every text that other nodes write for the tenant has been published as it was at `head`. Streams that came while
    /// it was uncertain whether one goes on get the whole of it now.
    func sawOtherTexts(at head: LogHead) {
        let calls: [Int] = state.withLock { state in
            guard var log = state.logs[head.tenantID], log.epoch == head.epoch else { return [] }
            log.outputChanges.forget(through: head.position)
            state.logs[head.tenantID] = log
            let owed = state.texts.sawOthers(tenantID: head.tenantID, at: head.position, changes: log.outputChanges)
            return owed.flatMap { state.post(.text($0), tenantID: head.tenantID) }
        }
        call(calls)
    }
}
