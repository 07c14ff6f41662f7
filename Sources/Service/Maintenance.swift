import Broadcast
import CLibPQ
import Logging
import ServiceLifecycle
import Store

/// Removes what is past its time, at the start and every hour, and keeps the planner informed of tables that grow fast.
/// Any number of nodes may do so.
struct Maintenance: ServiceLifecycle.Service {
    let store: Store
    let eventRetention: Duration
    let logger: Logger

    /// How long a key answers with the first result; longer than any client tries again.
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
            _ = try await store.deleteIdempotencyKeys(olderThan: Self.idempotencyKeyAge)
        } catch {
            if !Task.isCancelled { logger.warning("cannot remove what is past its time", metadata: ["error": "\(error)"]) }
        }
    }
}

/// Gives memory back to the system after many streams have begun or ended.
///
/// A connection needs most of its memory while its request is answered, little as a stream and none afterwards; but
/// glibc keeps what was freed below the top of its heaps until it is told to look (malloc_trim(3)).
struct MemoryReturn: ServiceLifecycle.Service {
    let hub: Hub

    /// How many streams must have begun or ended.
    private static let change = 500
    private static let interval: Duration = .seconds(1)
    /// For how many looks no more than a few have begun or ended: giving back takes a moment.
    private static let calm = 5

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var (returned, last) = (hub.streamCount, hub.streamCount)
            var isDue = false  // also when those that came have left again
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
