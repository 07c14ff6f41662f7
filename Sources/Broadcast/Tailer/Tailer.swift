package import Logging
import ServiceLifecycle
package import Store
import Synchronization
import Workflow

/// Reads the events of the tenants that somebody follows, in order and once, and hands them to the hub.
///
/// The node's own events come with their commits. Another node's hint wakes it, and a poll finds what anybody else wrote.
/// Where it stands is the hub's position of each log, so that a failure loses nothing: it reads on from there.
package struct Tailer: Service {
    private let store: Store
    let hub: Hub
    private let configuration: TailerConfiguration
    private let logger: Logger
    let wakes = WakeList()
    /// Rung for a poll at once.
    let pollAlarm = Alarm()

    package init(
        store: Store, hub: Hub, configuration: TailerConfiguration = TailerConfiguration(), logger: Logger
    ) {
        self.store = store
        self.hub = hub
        self.configuration = configuration
        self.logger = logger
    }

    package func run() async throws {
        store.hints.setFollower(hubFollower)
        hub.lookupListener.withLock { $0 = { [wakes] in wakes.wake($0) } }
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                await withDiscardingTaskGroup { group in
                    for _ in 0..<configuration.workers {
                        group.addTask { await work() }
                    }
                    group.addTask { await poll() }
                }
            } onCancel: {
                wakes.close()
            }
        }
    }

    /// The node's own events go straight to the hub; what does not continue its position is read from the table.
    private var hubFollower: CommitHints.EventFollower {
        CommitHints.EventFollower { [hub] tenantID in
            hub.isFollowed(tenantID: tenantID)
        } committed: { [hub, wakes] tenantID, events in
            switch events {
            case .none: return
            case .page(let page) where page.isComplete && hub.publish(page) && page.isLast: return
            case .page, .unread: if hub.isFollowed(tenantID: tenantID) { wakes.wake(tenantID) }
            }
        }
    }

    private func work() async {
        await withDiscardingTaskGroup { retries in
            while let tenantID = await wakes.next() {
                do {
                    try await catchUp(tenantID)
                    wakes.done(tenantID)
                } catch {
                    let failures = wakes.failed(tenantID)
                    logger.warning(
                        "the events of a tenant cannot be read",
                        metadata: ["tenant_id": "\(tenantID)", "failures": "\(failures)", "error": "\(error)"])
                    // The tenant waits, not the worker: others need it.
                    retries.addTask {
                        try? await Task.sleep(for: Backoff.delay(afterFailures: failures))
                        wakes.retry(tenantID)
                    }
                }
            }
        }
    }

    private func poll() async {
        var failures = 0
        while !Task.isCancelled {
            var pause = configuration.pollInterval
            do {
                try await lookForNews()
                failures = 0
            } catch {
                failures += 1
                pause = Backoff.delay(afterFailures: failures)
                if failures == 1 || failures.isMultiple(of: 20) {
                    logger.warning(
                        "the heads of the logs cannot be read",
                        metadata: ["failures": "\(failures)", "error": "\(error)"])
                }
            }
            await pollAlarm.pause(for: pause)
        }
    }

    /// One query for all tenants: whose log is not where the hub's is?
    private func lookForNews() async throws {
        let followed = hub.followedLogs()
        guard !followed.isEmpty else { return }
        for head in try await store.logHeads(tenantIDs: Array(followed.keys)) {
            guard let known = followed[head.tenantID] else { continue }
            if head.epoch != known.epoch || head.position != known.position { wakes.wake(head.tenantID) }
        }
    }

    /// Publishes everything that a tenant's log holds and the hub has not.
    private func catchUp(_ tenantID: String) async throws {
        try await lookUpTasks(tenantID)
        var limit = configuration.page
        while let known = hub.followedLog(tenantID: tenantID) {
            guard
                let page = try await store.eventPage(
                    tenantID: tenantID, after: known.position, limit: limit)
            else { return }
            if page.head.epoch != known.epoch || page.head.position < known.position {
                logger.notice(
                    "a log was replaced by another one",
                    metadata: ["tenant_id": "\(tenantID)", "old": "\(known.cursor)", "new": "\(page.head.cursor)"])
                hub.reset(to: page.head, .epoch)
                return
            }
            if !page.isComplete {
                // Retention took events that this node has not read: it was away from the database for that long.
                logger.warning(
                    "events were removed before they were read",
                    metadata: ["tenant_id": "\(tenantID)", "read": "\(known.cursor)", "removed": "\(page.head.pruned)"])
                hub.reset(to: page.head, .expired)
                return
            }
            // When the hub has moved meanwhile, there may be more to read than this page knew of.
            let isPublished = hub.publish(page)
            limit = limit.adjusted(to: page, most: configuration.page.count)
            if isPublished, page.isLast { return }
        }
    }

    private func lookUpTasks(_ tenantID: String) async throws {
        let unknown = hub.unknownTasks(tenantID: tenantID)
        guard !unknown.isEmpty else { return }
        hub.learn(try await store.taskFacts(tenantID: tenantID, taskIDs: Array(unknown)), tenantID: tenantID)
    }
}
