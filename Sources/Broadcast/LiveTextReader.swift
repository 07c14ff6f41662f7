import Base
package import Foundation
package import Logging
import ServiceLifecycle
package import Store
import Synchronization
import Workflow

/// Reads the texts that other nodes write for the tenants with streams on this node. It hands them to the hub piece by
/// piece, like the texts that are written here. One query reads what is new of all of them.
package struct LiveTextReader: Service {
    private let store: Store
    private let hub: Hub
    private let processorID: UUID
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - processorID: this node's processor, whose texts are not read.
    ///   - interval: between two queries. Other nodes save their texts once a second.
    package init(
        store: Store, hub: Hub, processorID: UUID, interval: Duration = .milliseconds(500), logger: Logger
    ) {
        self.store = store
        self.hub = hub
        self.processorID = processorID
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var texts = OtherTexts()
            var failures = 0
            while !Task.isCancelled {
                var pause = interval
                do {
                    try await look(&texts)
                    failures = 0
                } catch {
                    failures += 1
                    pause = max(interval, Backoff.reading.delay(afterFailures: failures))
                    if failures == 1, !Task.isCancelled {
                        logger.warning("the texts of other nodes cannot be read", metadata: ["error": "\(error)"])
                    }
                }
                try? await Task.sleep(for: pause)
            }
        }
    }

    private func look(_ texts: inout OtherTexts) async throws {
        let tenantIDs = hub.watchedTenants()
        texts.keep(tenantIDs, hub)
        guard !tenantIDs.isEmpty else { return }
        while !Task.isCancelled {
            let news = try await store.liveTextNews(
                tenantIDs: tenantIDs, notOf: processorID, known: texts.known)
            let areAllPublished = texts.take(news, hub)
            if areAllPublished, !news.isCut {
                for head in news.heads { hub.sawOtherTexts(at: head) }
                return
            }
            // What was read too early is read again with the next query.
            if !areAllPublished { return }
        }
    }
}

/// How much of the texts of other nodes has been read and published.
struct OtherTexts {
    private var texts: [TenantKey: ReadText] = [:]

    var known: [ReadText] { Array(texts.values) }

    /// Forgets the texts of tenants that have no streams on this node any more.
    mutating func keep(_ tenantIDs: [String], _ hub: Hub) {
        let kept = Set(tenantIDs)
        for text in texts.values where !kept.contains(text.tenantID) { end(text.key, hub) }
    }

    /// Publishes what a query found.
    /// - Returns: false when some of it was read too early.
    mutating func take(_ news: LiveTextNews, _ hub: Hub) -> Bool {
        let heads = Dictionary(news.heads.map { ($0.tenantID, $0) }) { first, _ in first }
        var areAllPublished = true
        for change in news.changes {
            switch change {
            case .ended(let tenantID, let textID): end(TenantKey(tenantID, textID), hub)
            case .piece(var text, let piece):
                let delta = LiveDelta(
                    tenantID: text.tenantID, taskID: text.taskID, subject: text.subject, run: text.run, offset: text.units,
                    text: piece)
                guard let head = heads[text.tenantID], hub.publish(delta, readAt: head) else {
                    areAllPublished = false
                    continue
                }
                text.append(piece)
                texts[text.key] = text
            }
        }
        return areAllPublished
    }

    private mutating func end(_ key: TenantKey, _ hub: Hub) {
        guard let text = texts.removeValue(forKey: key) else { return }
        hub.publish(.ended(tenantID: text.tenantID, taskID: text.taskID, textID: text.subject.id, run: text.run))
    }
}

/// Publishing texts that other nodes write.
///
/// A text is read some time after it was written, and the log may have gone on meanwhile. A piece that was read before
/// the last published change of its task's outputs is not sent, because the text may have become a row.
extension Hub {
    /// The tenants with streams on this node, whose texts must be read.
    func watchedTenants() -> [String] {
        state.withLock { state in
            var watched: [String] = []
            for (tenantID, log) in state.logs {
                if log.subscribersByLoop.contains(where: { $0 > 0 }) {
                    state.logs[tenantID]?.rowChanges.watch(from: log.published)
                    watched.append(tenantID)
                } else {
                    state.logs[tenantID]?.rowChanges.unwatch()
                }
            }
            return watched
        }
    }

    /// Publishes a piece of another node's text.
    /// - Returns: false when the piece was read too early and must be read again.
    func publish(_ delta: LiveDelta, readAt head: LogHead) -> Bool {
        let posted: (calls: [Int], isUnknown: Bool)? = state.withLock { state in
            guard let log = state.logs[delta.tenantID], log.epoch == head.epoch,
                log.rowChanges.isCurrent(delta.subject.owner, of: delta.taskID, seenAt: head.position)
            else { return nil }
            return state.post(delta, seenAt: head.position)
        }
        guard let posted else { return false }
        call(posted.calls)
        if posted.isUnknown { askForLookup(delta.tenantID) }
        return true
    }

    /// Notes that every text that other nodes write for the tenant has been published as it was at `head`. A stream that
    /// went live without a text that goes on gets the whole of it now.
    func sawOtherTexts(at head: LogHead) {
        let calls: [Int] = state.withLock { state in
            guard var log = state.logs[head.tenantID], log.epoch == head.epoch else { return [] }
            log.rowChanges.forget(through: head.position)
            state.logs[head.tenantID] = log
            let owed = state.texts.sawOthers(tenantID: head.tenantID, at: head.position, changes: log.rowChanges)
            return owed.flatMap { state.post(.text($0), tenantID: head.tenantID) }
        }
        call(calls)
    }
}

/// The tasks whose outputs or steps have changed lately, as far as published events tell. A text of another node that was
/// read before such a change may have ended with it: a draft with its output, any other text with its step.
struct RowChanges: Sendable {
    private struct Key: Hashable {
        let taskID: UUID
        let owner: TextSubject.Owner
    }

    private var positions: [Key: Int64] = [:]
    /// Every change after this position is noted; nil while the texts of other nodes are not read.
    private var since: Int64?

    /// - Parameter published: everything up to here has been published.
    mutating func watch(from published: Int64) {
        since = since ?? published
    }

    mutating func unwatch() {
        self = RowChanges()
    }

    mutating func add(_ events: [PublishedEvent]) {
        guard since != nil else { return }
        for event in events {
            switch event.type {
            case EventType.outputUpdated.rawValue: positions[Key(taskID: event.task.taskID, owner: .output)] = event.position
            case EventType.stepUpdated.rawValue: positions[Key(taskID: event.task.taskID, owner: .step)] = event.position
            default: break
            }
        }
    }

    /// Whether a text of the task that was in progress when the log was at `seenAt` still is, as far as published events
    /// tell.
    func isCurrent(_ owner: TextSubject.Owner, of taskID: UUID, seenAt: Int64) -> Bool {
        guard let since else { return false }
        return seenAt >= max(since, positions[Key(taskID: taskID, owner: owner)] ?? 0)
    }

    /// Forgets changes up to a position that every later query has seen.
    mutating func forget(through position: Int64) {
        positions = positions.filter { $0.value > position }
    }
}
