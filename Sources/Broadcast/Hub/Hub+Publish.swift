import Foundation
package import Store
import Synchronization
package import Workflow

extension Hub {
    /// Sends on a page that continues what was published. Does nothing when the log is not followed, or does not stand
    /// where the page begins; so each event is published once.
    /// - Returns: whether everything in the page is published now.
    @discardableResult
    package func publish(_ page: EventPage) -> Bool {
        let tenantID = page.head.tenantID
        let batch = EventBatch(
            tenantID: tenantID, events: page.events.map { PublishedEvent($0, epoch: page.head.epoch) },
            through: page.through, head: page.head.position)
        let (isPublished, calls): (Bool, [Int]) = state.withLock { state in
            switch state.logs[tenantID]?.take(batch, after: page.start, epoch: page.head.epoch) {
            case .taken: (true, state.post(.events(batch), tenantID: tenantID))
            case .known: (true, [])
            case .unfitting, nil: (false, [])
            }
        }
        call(calls)
        return isPublished
    }

    /// Sends on a piece of text, or forgets a text that is no longer in progress.
    package func publish(_ event: LiveTextEvent) {
        switch event {
        case .ended(let tenantID, _, let outputID, let run):
            state.withLock { $0.texts.end(tenantID: tenantID, outputID: outputID, run: run) }
        case .delta(let delta):
            let posted = state.withLock { $0.post(delta) }
            call(posted.calls)
            if posted.isUnknown { lookupListener.withLock { $0 }?(delta.tenantID) }
        }
    }

    /// Replaces a tenant's log by another one: every subscriber gets a `reset`.
    package func reset(to head: LogHead, _ reason: ResetReason) {
        let calls: [Int] = state.withLock { state in
            guard let old = state.logs[head.tenantID] else { return [] }
            var log = TenantLog(head: head, loops: loops.count, configuration: configuration)
            log.followers = old.followers
            log.subscribersByLoop = old.subscribersByLoop
            log.idleSince = old.idleSince
            state.logs[head.tenantID] = log
            return state.post(.reset(tenantID: head.tenantID, reason), tenantID: head.tenantID)
        }
        call(calls)
    }

    /// Tasks of texts in progress that streams may be narrowed by and nobody has looked up.
    func unknownTasks(tenantID: String) -> Set<UUID> {
        state.withLock { $0.texts.unknownTasks(tenantID: tenantID) }
    }

    /// Adds what was looked up; whoever follows a text by it gets the whole of it now.
    func learn(_ tasks: [TaskFacts], tenantID: String) {
        let calls = state.withLock { state in
            var calls: [Int] = []
            let changes = state.logs[tenantID]?.outputChanges ?? OutputChanges()
            for task in tasks {
                for whole in state.texts.learn(task, tenantID: tenantID, changes: changes) {
                    calls += state.post(.text(whole), tenantID: tenantID)
                }
            }
            return calls
        }
        call(calls)
    }
}
