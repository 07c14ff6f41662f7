import Broadcast
import CLibPQ
import Logging
import ServiceLifecycle
import Store

/// Removes expired events, keys and sessions, at the start and every hour, and keeps PostgreSQL's planner informed of tables that
/// grow fast. Any number of nodes may do so at the same time.
struct Maintenance: ServiceLifecycle.Service {
    let store: Store
    let eventRetention: Duration
    let callRetention: Duration
    let logger: Logger

    /// How long a repeated request with the same key gets the first result; longer than any client retries.
    private static let idempotencyKeyAge: Duration = .seconds(7 * 86_400)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    while true {
                        await sweep()
                        try await Task.sleep(for: .seconds(3_600))
                    }
                }
                group.addTask {
                    while true {
                        try await Task.sleep(for: Self.statisticsInterval)
                        await informPlanner()
                    }
                }
            }
        }
    }

    private static let statisticsInterval: Duration = .seconds(2)

    private func informPlanner() async {
        do {
            _ = try await store.analyzeGrownTables()
        } catch {
            if !Task.isCancelled { logger.debug("cannot analyze tables", metadata: ["error": "\(error)"]) }
        }
    }

    private func sweep() async {
        do {
            let removed = try await store.pruneEvents(olderThan: eventRetention)
            try await store.forgetDeletedTasks()
            if removed > 0 { logger.info("removed events past their retention", metadata: ["events": "\(removed)"]) }
            let bodies = try await store.pruneCallBodies(olderThan: callRetention)
            if bodies > 0 { logger.info("removed requests and responses past their retention", metadata: ["calls": "\(bodies)"]) }
            try await store.rollUpUsage()
            _ = try await store.deleteIdempotencyKeys(olderThan: Self.idempotencyKeyAge)
            _ = try await store.forgetEndedSessions()
        } catch {
            if !Task.isCancelled { logger.warning("cannot remove expired rows", metadata: ["error": "\(error)"]) }
        }
    }
}

/// Gives memory back to the system after many streams have begun or ended.
///
/// A connection needs most of its memory while its request is handled, little as a stream and none afterwards; but glibc
/// keeps what was freed below the top of its heaps until malloc_trim(3) is called.
struct MemoryReturn: ServiceLifecycle.Service {
    let hub: Hub

    /// How many streams must have begun or ended.
    private static let change = 500
    private static let interval: Duration = .seconds(1)
    /// How many intervals in a row fewer streams must begin or end: returning memory takes time.
    private static let calm = 5

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var (returned, last) = (hub.streamCount, hub.streamCount)
            var isDue = false  // stays true when the new streams have ended again
            var calmLooks = 0
            while true {
                try await Task.sleep(for: Self.interval)
                let count = hub.streamCount
                if abs(count - returned) >= Self.change { isDue = true }
                calmLooks = abs(count - last) < Self.change ? calmLooks + 1 : 0
                last = count
                guard isDue, calmLooks >= Self.calm else { continue }
                malloc_trim(0)
                (returned, isDue) = (count, false)
            }
        }
    }
}
