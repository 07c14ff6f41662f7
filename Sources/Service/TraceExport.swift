import AsyncHTTPClient
import Base
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Store
import Synchronization
import Telemetry

/// Exports the trace of each task whose end a commit of this node wrote, so that each is exported once.
///
/// It is read from the rows when the task has ended: they have the runs of every node, those that were lost too, and each
/// node would derive the same ids.
final class TraceExport: CommitObserver, ServiceLifecycle.Service {
    /// How many ended tasks wait to be read; the traces of further ones are dropped.
    private static let capacity = 10_000

    private struct EndedTask: Sendable {
        let tenantID: String
        let taskID: UUID
    }

    private let exporter: SpanExporter
    private let tracer: SpanTracer
    private let logger: Logger
    private let ended: AsyncStream<EndedTask>
    private let source: AsyncStream<EndedTask>.Continuation
    /// Made after its observers.
    private let store = Mutex<Store?>(nil)

    init(_ otel: PressroomConfiguration.OTel, instance: String, httpClient: HTTPClient, logger: Logger) {
        let collector = TraceCollector(otel, httpClient: httpClient, logger: logger)
        var configuration = SpanExporter.Configuration()
        configuration.capacity = otel.queue
        let exporter = SpanExporter(configuration, resource: otel.resource(instance: instance)) { await collector.send($0) }
        self.exporter = exporter
        tracer = SpanTracer { exporter.add($0) }
        self.logger = logger
        (ended, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    func use(_ store: Store) {
        self.store.withLock { $0 = store }
    }

    var waiting: Int { exporter.waiting }

    func committed(_ commit: Commit) {
        for task in commit.ended.tasks {
            if case .dropped = source.yield(EndedTask(tenantID: commit.tenantID, taskID: task.taskID)) {
                Instruments.spansDropped["queue_full"].increment()
            }
        }
    }

    /// Until the graceful shutdown, and then what is left.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.exporter.run() }
            let reading = Task { for await task in self.ended { await self.export(task) } }
            try? await gracefulShutdown()
            self.source.finish()
            let limit = Task {
                try? await Task.sleep(for: .seconds(3))
                reading.cancel()
            }
            await reading.value
            limit.cancel()
            group.cancelAll()
        }
    }

    private func export(_ task: EndedTask) async {
        guard !Task.isCancelled, let store = store.withLock({ $0 }) else { return }
        do {
            let scope = Scope(tenantID: task.tenantID, userID: "telemetry")
            if let trace = try await store.taskTrace(scope, task.taskID) { TaskSpans(trace: trace, tracer: tracer).make() }
        } catch {
            Instruments.spansDropped["failed"].increment()
            logger.debug("a task's trace cannot be read", metadata: ["task": "\(task.taskID.text)", "error": "\(error)"])
        }
    }
}

/// The collector, by OTLP over HTTP.
struct TraceCollector: Sendable {
    private let url: String
    private let headers: [(String, String)]
    private let timeout: Duration
    private let httpClient: HTTPClient
    private let logger: Logger

    /// What is read of a response.
    private static let maxResponse = 64 << 10

    init(_ otel: PressroomConfiguration.OTel, httpClient: HTTPClient, logger: Logger) {
        url = otel.tracesURL ?? ""
        headers = otel.headers.map { ($0.name, $0.value) }
        timeout = otel.timeout
        self.httpClient = httpClient
        self.logger = logger
    }

    func send(_ body: [UInt8]) async -> SpanExporter.Outcome {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "pressroom")
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        // The whole exchange is bounded, the body of the response too.
        let exchange = Task { [request] in await self.exchange(request) }
        let limit = Task {
            guard (try? await Task.sleep(for: timeout)) != nil else { return }
            exchange.cancel()
        }
        defer { limit.cancel() }
        return await withTaskCancellationHandler { await exchange.value } onCancel: { exchange.cancel() }
    }

    private func exchange(_ request: HTTPClientRequest) async -> SpanExporter.Outcome {
        do {
            let response = try await httpClient.execute(request, timeout: TimeAmount(timeout))
            let answer = try? await response.body.collect(upTo: Self.maxResponse)
            return outcome(Int(response.status.code), response.headers.first(name: "retry-after"), answer)
        } catch {
            logger.debug("the collector of traces cannot be reached", metadata: ["error": "\(error)"])
            return .unavailable(retryAfter: nil)
        }
    }

    /// By the specification of OTLP/HTTP: these may be sent again, and no other failure.
    private func outcome(_ status: Int, _ retryAfter: String?, _ body: ByteBuffer?) -> SpanExporter.Outcome {
        switch status {
        case 200...299:
            let answer = body.flatMap { try? JSON(parsing: Array($0.readableBytesView)) }
            let rejected = answer?["partialSuccess"]?["rejectedSpans"]
            return .taken(rejected: rejected?.int ?? rejected?.string.flatMap { Int($0) } ?? 0)
        case 429, 502, 503, 504:
            let seconds = retryAfter.flatMap { Int($0) } ?? 0
            return .unavailable(retryAfter: seconds > 0 ? .seconds(min(seconds, 3_600)) : nil)
        default:
            logger.debug("the collector of traces refuses spans", metadata: ["status": "\(status)"])
            return .refused
        }
    }
}
