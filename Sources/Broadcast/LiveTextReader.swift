package import Foundation
package import Logging
import ServiceLifecycle
package import Store
import Synchronization
import Workflow

/// Reads the texts that other nodes write for the tenants that somebody follows here, and hands them to the hub piece
/// by piece, like those that are written here: one query for all of them at a time, for what is new only.
package struct LiveTextReader: Service {
    private let store: Store
    private let hub: Hub
    private let processorID: UUID
    private let interval: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - processorID: this node's, whose texts need not be read.
    ///   - interval: between two looks. Other nodes save their texts once a second.
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
                    pause = max(interval, Backoff.delay(afterFailures: failures))
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
            // What was read too early is there again with the next look.
            if !areAllPublished { return }
        }
    }
}

/// What has been read and published of other nodes' texts.
struct OtherTexts {
    private var texts: [UUID: ReadText] = [:]

    var known: [ReadText] { Array(texts.values) }

    /// Forgets the texts of tenants that nobody follows here any more.
    mutating func keep(_ tenantIDs: [String], _ hub: Hub) {
        let kept = Set(tenantIDs)
        for text in texts.values where !kept.contains(text.tenantID) { end(text.outputID, hub) }
    }

    /// Publishes what a look found. False when some of it was read too early.
    mutating func take(_ news: LiveTextNews, _ hub: Hub) -> Bool {
        let heads = Dictionary(news.heads.map { ($0.tenantID, $0) }) { first, _ in first }
        var areAllPublished = true
        for change in news.changes {
            switch change {
            case .ended(_, let outputID): end(outputID, hub)
            case .piece(var text, let piece):
                let delta = OutputDelta(
                    tenantID: text.tenantID, taskID: text.taskID, outputID: text.outputID,
                    versionNumber: text.versionNumber, run: text.run, offset: text.units, text: piece)
                guard let head = heads[text.tenantID], hub.publish(delta, readAt: head) else {
                    areAllPublished = false
                    continue
                }
                text.append(piece)
                texts[text.outputID] = text
            }
        }
        return areAllPublished
    }

    private mutating func end(_ outputID: UUID, _ hub: Hub) {
        guard let text = texts.removeValue(forKey: outputID) else { return }
        hub.publish(.ended(tenantID: text.tenantID, taskID: text.taskID, outputID: outputID, run: text.run))
    }
}

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

/// The tasks whose outputs have changed lately, as the streams have been told: a text of another node that was read
/// before such a change may have ended with it.
struct OutputChanges: Sendable {
    private var positions: [UUID: Int64] = [:]
    /// After this position every change is noticed; nil while nobody looks at other nodes' texts.
    private var since: Int64?

    /// - Parameter published: everything up to here has been sent to the streams.
    mutating func watch(from published: Int64) {
        since = since ?? published
    }

    mutating func unwatch() {
        self = OutputChanges()
    }

    mutating func add(_ events: [PublishedEvent]) {
        guard since != nil else { return }
        for event in events where event.type == "output_updated" { positions[event.task.taskID] = event.position }
    }

    /// Whether a text that was in progress when the log stood at `seenAt` is so still, as far as the streams know.
    func isCurrent(_ taskID: UUID, seenAt: Int64) -> Bool {
        guard let since else { return false }
        return seenAt >= max(since, positions[taskID] ?? 0)
    }

    /// Everything read from now on is at least as new as this.
    mutating func forget(through position: Int64) {
        positions = positions.filter { $0.value > position }
    }
}
