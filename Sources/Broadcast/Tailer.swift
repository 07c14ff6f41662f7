import Base
import DequeModule
package import Logging
import ServiceLifecycle
package import Store
import Synchronization
import Workflow

/// Reads the events of followed logs, in order and once, and hands them to the hub.
///
/// Local events come with their commits. A node notification wakes the tailer for the events of another node, and a poll
/// finds what other clients of the database wrote. The tailer reads on from the hub's position of each log, so that a
/// failure loses nothing.
package struct Tailer: Service {
    private let store: Store
    private let feed: LocalEventFeed
    private let configuration: TailerConfiguration
    private let logger: Logger
    /// Rung to poll at once.
    private let pollAlarm = Alarm()

    private var hub: Hub { feed.hub }
    private var wakes: WakeList { feed.wakes }

    package init(
        store: Store, feed: LocalEventFeed, configuration: TailerConfiguration = TailerConfiguration(), logger: Logger
    ) {
        self.store = store
        self.feed = feed
        self.configuration = configuration
        self.logger = logger
    }

    package func run() async throws {
        hub.listenForLookups { [wakes] in wakes.wake($0) }
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
                    // The tenant waits, not the worker, which other tenants need.
                    retries.addTask {
                        try? await Task.sleep(for: Backoff.reading.delay(afterFailures: failures))
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
                pause = Backoff.reading.delay(afterFailures: failures)
                if failures == 1 || failures.isMultiple(of: 20) {
                    logger.warning(
                        "the heads of the logs cannot be read",
                        metadata: ["failures": "\(failures)", "error": "\(error)"])
                }
            }
            await pollAlarm.pause(for: pause)
        }
    }

    /// Wakes the tenants whose log is not at the hub's position. One query reads the heads of all of them.
    private func lookForNews() async throws {
        let followed = hub.followedLogs()
        guard !followed.isEmpty else { return }
        for head in try await store.logHeads(tenantIDs: Array(followed.keys)) {
            guard let known = followed[head.tenantID] else { continue }
            if head.epoch != known.epoch || head.position != known.position || head.privacy > known.privacy {
                wakes.wake(head.tenantID)
            }
        }
    }

    /// Publishes everything in a tenant's log that the hub does not have.
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
                // Retention removed events that this node has not read: it could not reach the database for that long.
                logger.warning(
                    "events were removed before they were read",
                    metadata: ["tenant_id": "\(tenantID)", "read": "\(known.cursor)", "removed": "\(page.head.pruned)"])
                hub.reset(to: page.head, .expired)
                return
            }
            // When the hub's position has moved meanwhile, the log may have more than this page knew of.
            let isPublished = hub.publish(page)
            limit = limit.adjusted(to: page, maxCount: configuration.page.count)
            if isPublished, page.isLast { return }
        }
    }

    private func lookUpTasks(_ tenantID: String) async throws {
        while true {
            let privacy = hub.followedLog(tenantID: tenantID)?.privacy
            let unknown = hub.unknownTasks(tenantID: tenantID)
            guard !unknown.isEmpty else { return }
            let tasks = try await store.taskFacts(tenantID: tenantID, taskIDs: Array(unknown))
            if hub.learn(tasks, tenantID: tenantID, privacy: privacy) { return }
        }
    }
}

extension Tailer {
    /// Another node has appended to the logs of these tenants; nil means any tenants.
    package func look(at tenantIDs: Set<String>?) {
        guard let tenantIDs else { return pollAlarm.ring() }
        for tenantID in tenantIDs where hub.followedLog(tenantID: tenantID) != nil { wakes.wake(tenantID) }
    }
}

/// Hands the events of local commits straight to the hub. It wakes the tailer for events that do not continue the hub's
/// position: these are read from the table.
package final class LocalEventFeed: CommitObserver {
    package let hub: Hub
    /// What the tailer reads next.
    let wakes = WakeList()

    package init(hub: Hub) {
        self.hub = hub
    }

    package func follows(tenantID: String) -> Bool {
        hub.isFollowed(tenantID: tenantID)
    }

    package func committed(_ commit: Commit) {
        switch commit.events {
        case .none: return
        case .page(let page) where page.isComplete && hub.publish(page) && page.isLast: return
        case .page, .unread: if hub.isFollowed(tenantID: commit.tenantID) { wakes.wake(commit.tenantID) }
        }
    }
}

/// How a tailer follows the logs.
package struct TailerConfiguration: Sendable {
    /// Between two reads of the heads: what other clients of the database write waits at most this long.
    package var pollInterval: Duration = .milliseconds(250)
    /// How many tenants are read at the same time.
    package var workers = 2
    package var page = EventPageLimit()

    package init() {}
}

/// Tenants whose log may have grown. Each waits at most once, and is with one worker at a time.
final class WakeList: Sendable {
    private struct State {
        var waiting = Deque<String>()
        var isWaiting: Set<String> = []
        var busy: Set<String> = []
        var again: Set<String> = []
        var failures: [String: Int] = [:]
        var workers = Deque<CheckedContinuation<String?, Never>>()
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Adds a tenant whose log may have grown.
    func wake(_ tenantID: String) {
        let worker: CheckedContinuation<String?, Never>? = state.withLock { state in
            guard !state.isClosed, !state.isWaiting.contains(tenantID) else { return nil }
            if state.busy.contains(tenantID) {
                state.again.insert(tenantID)
                return nil
            }
            if let worker = state.workers.popFirst() {
                state.busy.insert(tenantID)
                return worker
            }
            state.isWaiting.insert(tenantID)
            state.waiting.append(tenantID)
            return nil
        }
        worker?.resume(returning: tenantID)
    }

    /// Waits for the next tenant; nil once the list is closed.
    func next() async -> String? {
        await withCheckedContinuation { continuation in
            let next: String?? = state.withLock { state in
                if state.isClosed { return .some(nil) }
                guard let tenantID = state.waiting.popFirst() else {
                    state.workers.append(continuation)
                    return nil
                }
                state.isWaiting.remove(tenantID)
                state.busy.insert(tenantID)
                return .some(tenantID)
            }
            if let next { continuation.resume(returning: next) }
        }
    }

    /// A worker is done with a tenant for now.
    func done(_ tenantID: String) {
        let isAgain = state.withLock { state in
            state.busy.remove(tenantID)
            state.failures[tenantID] = nil
            return state.again.remove(tenantID) != nil
        }
        if isAgain { wake(tenantID) }
    }

    /// A worker failed at a tenant. No worker gets the tenant before its `retry`.
    /// - Returns: the number of failures in a row.
    func failed(_ tenantID: String) -> Int {
        state.withLock { state in
            state.failures[tenantID, default: 0] += 1
            return state.failures[tenantID] ?? 1
        }
    }

    /// Adds a tenant again after a failure.
    func retry(_ tenantID: String) {
        state.withLock { state in
            state.busy.remove(tenantID)
            state.again.remove(tenantID)
        }
        wake(tenantID)
    }

    func close() {
        let workers = state.withLock { state in
            state.isClosed = true
            defer { state.workers = [] }
            return state.workers
        }
        for worker in workers { worker.resume(returning: nil) }
    }
}

/// A pause that can be cut short. An alarm that is rung while no task pauses cuts the next pause short.
final class Alarm: Sendable {
    private struct State {
        var pause: Task<Void, Never>?
        var hasRung = false
    }

    private let state = Mutex(State())

    func ring() {
        state.withLock { state in
            state.hasRung = state.pause == nil
            state.pause?.cancel()
        }
    }

    /// Waits until the time has passed, the alarm rings or the task is cancelled. For one task at a time.
    func pause(for time: Duration) async {
        let pause = Task { _ = try? await Task.sleep(for: time) }
        let hasRung = state.withLock { state in
            if !state.hasRung { state.pause = pause }
            defer { state.hasRung = false }
            return state.hasRung
        }
        if hasRung { pause.cancel() }
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
        state.withLock { $0.pause = nil }
    }
}

extension Backoff {
    /// Between attempts to read the log, after failures in a row.
    static let reading = Backoff(initial: .milliseconds(100), max: .seconds(5))
}
