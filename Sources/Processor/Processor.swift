import Base
package import Foundation
package import Logging
import Postgres
import ServiceLifecycle
package import Store
import Synchronization
import Telemetry
package import Workflow

/// The worker of a node: claims steps, runs them, commits their results, moves tasks on, and takes over the steps of
/// processors that are gone. It decides from rows alone.
///
/// Each loop is in a file of its own: `+Advancing`, `+Claiming`, `+Committing`, `+Leasing`.
package final class Processor: Service {
    package let id: UUID
    let store: Store
    let signals: ProcessorSignals
    let configuration: ProcessorConfiguration
    let logger: Logger
    let running = RunningSteps()
    let texts: TextsInProgress
    let runner: StepRunner
    private let plainCommits: TaskCommits
    let finished = FinishedSteps()
    let queue = QueueView()
    let meter: ModelMeter
    let stuck: StuckTasks
    let claimTimer: WakeTimer

    /// - Parameters:
    ///   - signals: an observer of the store's commits.
    ///   - publish: takes text as models write it, for the streams.
    package init(
        id: UUID, store: Store, signals: ProcessorSignals, services: StepServices,
        configuration: ProcessorConfiguration, publish: @escaping @Sendable (LiveTextEvent) -> Void, logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: "processor"] = "\(id.text)"
        self.id = id
        self.store = store
        self.signals = signals
        self.configuration = configuration
        self.logger = logger
        texts = TextsInProgress(publish: publish)
        let meter = ModelMeter(configuration.limits.models)
        self.meter = meter
        var services = services
        let models = services.models
        services.models = { name throws(ProviderError) in meter.metered(try models(name), name) }
        services.slots = ModelSlots(store: store, limits: configuration.limits.models, logger: logger)
        services.subtasks = SubtaskPreparation(store: store, maxDepth: configuration.maxSubtaskDepth)
        runner = StepRunner(services: services, texts: texts, logger: logger)
        plainCommits = TaskCommits(store: store, processorID: id, logger: logger)
        stuck = StuckTasks(delays: configuration.stuckDelays)
        claimTimer = WakeTimer(signals.claim)
    }

    /// Commits that claim the steps that they add.
    var commits: TaskCommits {
        var commits = plainCommits
        commits.claimer = directClaimer
        return commits
    }

    /// Looks for steps and wake-ups at once: another node has notified this one.
    package func lookForWork() {
        signals.advance.wake()
        signals.claim.wake()
    }

    package func run() async throws {
        await register()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepLease() }
            group.addTask { await self.advanceTasks() }
            group.addTask { await self.relayWakeRequests() }
            group.addTask { await self.claimSteps() }
            group.addTask { await self.commitResults() }
            group.addTask { await self.rescue() }
            group.addTask { await self.wakeIdleTasks() }
            group.addTask { await self.saveTextsInProgress() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
        // In a task of its own: the remaining steps are handed back even when this task was cancelled.
        await Task { await self.handBack() }.value
    }

    /// Lets running steps end by themselves, for at most `configuration.drain`.
    private func drain() async {
        guard configuration.drain > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: self.configuration.drain) }
            group.addTask { await self.running.wait() }
            _ = await group.next()
            self.running.cancelAll()
        }
    }

    /// Ends the running steps and puts them back into the queue at once, for other nodes or for the next start.
    private func handBack() async {
        await drain()
        running.cancelAll()
        await running.wait()
        let left = await plainCommits.commit(finished.takeAll())
        await chargeModels()
        if !left.isEmpty { logger.warning("steps are left to the lease timeout", metadata: ["steps": "\(left.count)"]) }
        do {
            try await store.removeProcessor(id: id)
        } catch {
            logger.warning("the processor's entry is left to the lease timeout", metadata: ["error": "\(error)"])
        }
    }

    /// How many steps run on this node now.
    package var runningSteps: Int { running.count }

    /// One round of a loop. An error ends the round and is logged as `failure`, unless the loop itself is being ended.
    func round(_ failure: Logger.Message, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            if !(error is CancellationError), !Task.isCancelled { logger.warning(failure, metadata: ["error": "\(error)"]) }
        }
    }
}

extension Scope {
    static func processor(_ id: UUID, tenantID: String) -> Scope {
        Scope(tenantID: tenantID, userID: "processor", actor: "processor:\(id.text)")
    }
}

extension Error {
    /// The database as a whole is away.
    var isConnectionTrouble: Bool {
        guard let error = self as? PostgresError else { return false }
        return error.isConnectionProblem
    }

    /// The same may work later: a lock, a deadlock, a serialization failure, a database that is away.
    var isPassing: Bool {
        guard let error = self as? PostgresError else { return self is CancellationError }
        // A commit that the shutdown broke off is tried once more when the rest is handed back.
        if error.isConnectionProblem || error.code == .cancelled { return true }
        return ["55P03", "40P01", "40001", "57014", "53100", "53200", "53300", "25006"].contains(error.sqlState ?? "")
    }
}

/// What a processor may use, and its intervals.
package struct ProcessorConfiguration: Sendable {
    /// The slots of this node: how many steps it runs at a time.
    package var concurrency = 256
    /// How many results one transaction commits at most.
    package var commitBatch = 256
    /// How often the lease of the running steps is renewed and checked.
    package var heartbeat: Duration = .milliseconds(500)
    /// The age of a heartbeat at which other processors take over the steps.
    package var leaseTimeout: Duration = .seconds(10)
    /// How often the queue is polled when no notification comes.
    package var poll: Duration = .milliseconds(500)
    /// How long running steps may go on after a shutdown was asked for before they are handed back.
    package var drain: Duration = .zero
    /// How many tasks may be above a sub-task.
    package var maxSubtaskDepth = 8
    /// Slots that a tenant with running steps here leaves to tenants without any, where there are several tenants;
    /// at most half of all slots count.
    package var tenantReserve = 8
    /// The waits between the tries to move a task on whose rows are in the way; then the task fails.
    package var stuckDelays: [Duration] = [.seconds(1), .seconds(5)]
    /// Limits over all nodes.
    package var limits = ClaimLimits()

    package init() {}
}

/// Wakes the loops of a processor after the commits that may concern them.
package final class ProcessorSignals: CommitObserver {
    let advance = WorkSignal()
    let claim = WorkSignal()
    let lease = WorkSignal()
    let relay = WorkSignal()

    package init() {}

    package func committed(_ commit: Commit) {
        for task in commit.ended.tasks { Instruments.tasksEnded[task.status.rawValue].increment() }
        guard commit.work > .none else { return }
        advance.wake()
        claim.wake()
        relay.wake()
        if commit.work == .dueOrEnded { lease.wake() }
    }
}

/// Wakes one waiting loop; wakes that come while the loop is busy are remembered as one.
final class WorkSignal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wake() {
        continuation.yield()
    }

    /// Runs `body` at each wake, and at least every `interval`, until the task is cancelled.
    func forEach(atLeastEvery interval: Duration, _ body: @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: interval)
                    self.wake()
                }
            }
            for await _ in stream {
                await body()
                if Task.isCancelled { break }
            }
            group.cancelAll()
        }
    }
}

/// Wakes a loop after a delay; of several requested wakes, the earliest counts.
final class WakeTimer: Sendable {
    private let signal: WorkSignal
    private let next = Mutex<(deadline: ContinuousClock.Instant, task: Task<Void, Never>)?>(nil)

    init(_ signal: WorkSignal) {
        self.signal = signal
    }

    /// - Parameter delay: at least 10 ms; a shorter one counts as 10 ms.
    func wake(after delay: Duration) {
        let deadline = ContinuousClock.now + max(delay, .milliseconds(10))
        next.withLock { next in
            if let next, next.deadline <= deadline, next.deadline > .now { return }
            next?.task.cancel()
            let task = Task { [signal] in
                guard (try? await Task.sleep(until: deadline)) != nil else { return }
                signal.wake()
            }
            next = (deadline, task)
        }
    }
}
