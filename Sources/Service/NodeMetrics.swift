import Base
import Broadcast
import Logging
import NIOCore
import Postgres
import Processor
import ServiceLifecycle
import Store
import Synchronization
import Telemetry
import Workflow

/// The gauges of one node, read when `/metrics` is asked.
struct NodeMetrics: Sendable {
    let client: PostgresClient
    let hub: Hub
    let processor: Processor
    /// The slots for steps; 0 where the node runs none.
    let slots: Int
    let database: DatabaseGauges
    let spansWaiting: @Sendable () -> Int

    func samples() async -> [MetricSample] {
        let pool = client.poolStatus
        return [
            MetricSample(.stepsRunning, Double(processor.runningSteps)),
            MetricSample(.stepSlots, Double(slots)),
            MetricSample(.streamsOpen, Double(hub.streamCount)),
            MetricSample(.poolConnections, Double(pool.idle), labels: ["idle"]),
            MetricSample(.poolConnections, Double(pool.leased), labels: ["leased"]),
            MetricSample(.poolConnections, Double(pool.opening), labels: ["opening"]),
            MetricSample(.poolLimit, Double(pool.limit)),
            MetricSample(.poolWaiting, Double(pool.waiting)),
            MetricSample(.spansWaiting, Double(spansWaiting())),
        ] + ProcessSamples.now() + (await database.samples())
    }
}

/// The gauges that are read from the database: at most once in an interval, however often they are asked for, and without
/// holding up who asks for longer than `timeout`.
final class DatabaseGauges: Sendable {
    private struct State {
        /// Nil: the database did not answer.
        var latest: [MetricSample]?
        var readAt: ContinuousClock.Instant?
        var isReading = false
    }

    static let timeout: Duration = .seconds(1)
    /// Beyond this number, models are summed up.
    private static let maxModels = 50

    private let store: Store
    private let hub: Hub
    private let interval: Duration
    private let logger: Logger
    private let state = Mutex(State())

    init(store: Store, hub: Hub, interval: Duration, logger: Logger) {
        self.store = store
        self.hub = hub
        self.interval = interval
        self.logger = logger
    }

    func samples() async -> [MetricSample] {
        let isDue = state.withLock { state in
            guard !state.isReading, state.readAt.map({ $0 + interval <= .now }) ?? true else { return false }
            state.isReading = true
            return true
        }
        if isDue { await read() }
        guard let latest = state.withLock({ $0.latest }) else { return [MetricSample(.databaseUp, 0)] }
        return latest + [MetricSample(.databaseUp, 1)]
    }

    /// Reads, and returns when that is done or has taken too long. A statement that hangs ends by itself; until then no other
    /// is sent.
    private func read() async {
        let (done, finish) = AsyncStream.makeStream(of: Void.self)
        let reading = Task {
            let samples = await self.fromDatabase()
            self.state.withLock { $0 = State(latest: samples, readAt: .now) }
            finish.finish()
        }
        let limit = Task {
            try? await Task.sleep(for: Self.timeout)
            reading.cancel()
            self.state.withLock { if $0.isReading { $0.latest = nil } }
            finish.finish()
        }
        for await _ in done {}
        limit.cancel()
    }

    private func fromDatabase() async -> [MetricSample]? {
        do {
            let queues = try await store.queueDepths(within: Self.timeout)
            let heads = try await store.logHeads(tenantIDs: Array(hub.publishedPositions.keys))
            // Read afterwards: what was published meanwhile is no lag.
            let published = hub.publishedPositions
            let lag = heads.compactMap { head in
                published[head.tenantID].flatMap { $0.epoch == head.epoch ? max(0, head.position - $0.position) : nil }
            }.max() ?? 0
            return Self.samples(of: queues) + [MetricSample(.logLag, Double(lag))]
        } catch {
            logger.debug("cannot read the metrics of the database", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private static func samples(of queues: [QueueDepth]) -> [MetricSample] {
        var byModel: [String: (steps: Int, oldest: Double)] = [:]
        for (index, queue) in queues.sorted(by: { $0.steps > $1.steps }).enumerated() {
            let label = index < maxModels ? queue.model?.description ?? "none" : MetricDefinition.otherLabel
            let sum = byModel[label] ?? (0, 0)
            byModel[label] = (sum.steps + queue.steps, max(sum.oldest, queue.oldest))
        }
        return byModel.flatMap { model, queue in
            [
                MetricSample(.queueSteps, Double(queue.steps), labels: [model]),
                MetricSample(.queueAge, queue.oldest, labels: [model]),
            ]
        }
    }
}

/// Tries each event loop once a second, and records how long it took to come to it.
struct EventLoopWatch: ServiceLifecycle.Service {
    /// By the name of their group.
    let loops: [(group: String, loop: any EventLoop)]
    private static let interval: Duration = .seconds(1)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.interval)
                for (group, loop) in loops {
                    let start = ContinuousClock.now
                    loop.execute { Instruments.eventLoopLag[group].record(since: start) }
                }
            }
        }
    }
}
