package import Base
import DequeModule
import Synchronization

/// Sends spans to a collector, in batches. What does not fit into its queue, and what the collector does not take in time, is
/// dropped and counted: the service never waits for its collector.
package final class SpanExporter: Sendable {
    /// What came of a batch.
    package enum Outcome: Sendable, Equatable {
        /// The collector has taken it, but for so many spans.
        case taken(rejected: Int)
        /// It will not take it.
        case refused
        /// It may take it later, at the earliest after this wait.
        case unavailable(retryAfter: Duration?)
    }

    package struct Configuration: Sendable {
        /// How many spans wait at most.
        package var capacity = 8_192
        /// How many are sent together at most.
        package var batch = 512
        /// How long a span waits for others.
        package var interval: Duration = .seconds(1)
        /// How often a batch is sent before it is dropped.
        package var tries = 4
        /// The wait after a failure; a collector may ask for a longer one, up to ten times its bound.
        package var backoff = Backoff(initial: .milliseconds(500), max: .seconds(5))
        /// How long the end of the service waits for what is left.
        package var grace: Duration = .seconds(5)

        package init() {}
    }

    private struct State {
        var queue = Deque<FinishedSpan>()
        /// Spans that are being sent.
        var sending = 0
    }

    private let configuration: Configuration
    private let resource: [String: String]
    private let send: @Sendable ([UInt8]) async -> Outcome
    private let state = Mutex(State())
    private let (full, whenFull) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - resource: the attributes of the service.
    ///   - send: sends the body of a request; bounded in time.
    package init(
        _ configuration: Configuration = Configuration(), resource: [String: String],
        send: @escaping @Sendable ([UInt8]) async -> Outcome
    ) {
        self.configuration = configuration
        self.resource = resource
        self.send = send
    }

    /// How many spans wait or are being sent.
    package var waiting: Int { state.withLock { $0.queue.count + $0.sending } }

    package func add(_ span: FinishedSpan) {
        let (isAdded, isFull) = state.withLock { state in
            guard state.queue.count + state.sending < configuration.capacity else { return (false, false) }
            state.queue.append(span)
            return (true, state.queue.count == configuration.batch)
        }
        if !isAdded { Instruments.spansDropped["queue_full"].increment() }
        if isFull { whenFull.yield() }
    }

    /// Sends what gathers until the task is cancelled, and then what is left, for at most `grace`.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: self.configuration.interval)
                    self.whenFull.yield()
                }
            }
            for await _ in full {
                if Task.isCancelled { break }
                await self.sendAll()
            }
            group.cancelAll()
        }
        // In a task of its own, which is not cancelled.
        await Task { await self.flush() }.value
    }

    /// Sends what is left, each batch once; what cannot be sent within `grace` is dropped.
    private func flush() async {
        let sending = Task { await self.sendAll(tries: 1) }
        let limit = Task {
            try? await Task.sleep(for: self.configuration.grace)
            sending.cancel()
        }
        await sending.value
        limit.cancel()
        let left = state.withLock { state in
            defer { state.queue = [] }
            return state.queue.count
        }
        if left > 0 { Instruments.spansDropped["failed"].increment(by: left) }
    }

    private func sendAll(tries: Int? = nil) async {
        while !Task.isCancelled {
            let batch = state.withLock { state in
                let batch = Array(state.queue.prefix(configuration.batch))
                state.queue.removeFirst(batch.count)
                state.sending = batch.count
                return batch
            }
            guard !batch.isEmpty else { return }
            await send(batch, tries: tries ?? configuration.tries)
            state.withLock { $0.sending = 0 }
        }
    }

    private func send(_ batch: [FinishedSpan], tries: Int) async {
        let body = OTLPJSON.request(batch, resource: resource).utf8
        var backoff = configuration.backoff
        sending: for attempt in 1...max(1, tries) {
            switch await send(body) {
            case .taken(let rejected):
                let rejected = min(max(0, rejected), batch.count)
                Instruments.spansExported.increment(by: batch.count - rejected)
                if rejected > 0 { Instruments.spansDropped["refused"].increment(by: rejected) }
                return
            case .refused:
                return Instruments.spansDropped["refused"].increment(by: batch.count)
            case .unavailable(let retryAfter):
                let wait = max(backoff.next(), min(retryAfter ?? .zero, configuration.backoff.max * 10))
                guard attempt < tries, (try? await Task.sleep(for: wait)) != nil else { break sending }
            }
        }
        Instruments.spansDropped["failed"].increment(by: batch.count)
    }
}
