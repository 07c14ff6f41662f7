import Base
import Foundation
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import Telemetry

@Suite struct SpanTests {
    private final class Collected: Sendable {
        let spans = Mutex<[FinishedSpan]>([])
    }

    private let collected = Collected()

    private func tracer() -> SpanTracer {
        let collected = collected
        return SpanTracer { span in collected.spans.withLock { $0.append(span) } }
    }

    private func isSpanID(_ text: String) -> Bool { text.wholeMatch(of: #/[0-9a-f]{16}/#) != nil && text.contains { $0 != "0" } }

    @Test func idsFollowFromRows() {
        let (a, b) = (UUID(), UUID())
        let ids = [
            SpanIDs.task(a), SpanIDs.task(b), SpanIDs.task(a, run: 1), SpanIDs.phase(a), SpanIDs.phase(a, run: 1),
            SpanIDs.attempt(a, 1), SpanIDs.attempt(a, 2), SpanIDs.call(a),
        ]
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy(isSpanID), "\(ids)")
        #expect(SpanIDs.task(a) == SpanIDs.task(a))
        #expect(SpanIDs.reading("00f067aa0ba902b7") == "00f067aa0ba902b7")
        for bad in [nil, "", "0000000000000000", "00f067aa0ba902b", "00F067AA0BA902B7", "00f067aa0ba902bg"] {
            #expect(SpanIDs.reading(bad) == nil)
        }
    }

    @Test func aCallersTraceIsKept() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        #expect(SpanIDs.trace(trace) == trace)
        #expect(SpanIDs.trace("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736") == trace)
        for other in ["", "trace-7", String(repeating: "0", count: 32)] {
            #expect(SpanIDs.trace(other).wholeMatch(of: #/[0-9a-f]{32}/#) != nil)
            #expect(SpanIDs.trace(other) == SpanIDs.trace(other))
        }
    }

    @Test func spansOfOneAnotherAreATree() throws {
        let tracer = tracer()
        var context = InstrumentationContext.topLevel
        context.nextSpanID = "00f067aa0ba902b7"
        let parent = tracer.startSpan("parent", context: context, at: SpanInstant(nanosecondsSinceEpoch: 5))
        let child = tracer.startSpan("child", context: parent.context, ofKind: .client, at: SpanInstant(nanosecondsSinceEpoch: 6))
        child.end(at: SpanInstant(nanosecondsSinceEpoch: 7))
        child.end(at: SpanInstant(nanosecondsSinceEpoch: 9))
        child.operationName = "too late"
        #expect(!child.isRecording && parent.isRecording)
        parent.end(at: SpanInstant(nanosecondsSinceEpoch: 4))
        let spans = collected.spans.withLock { $0 }
        #expect(spans.map(\.name) == ["child", "parent"])
        #expect(spans[1].identity.spanID == "00f067aa0ba902b7" && spans[1].identity.parentID == nil)
        #expect(spans[0].identity.parentID == "00f067aa0ba902b7" && spans[0].identity.traceID == spans[1].identity.traceID)
        #expect(isSpanID(spans[0].identity.spanID) && spans[0].identity.spanID != spans[1].identity.spanID)
        #expect(spans[0].end == 7)
        #expect(spans[1].end == 5, "a span does not end before it begins")
    }

    @Test func theContextTravelsInAHeader() {
        struct Headers: Extractor, Injector {
            func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
            func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        }
        let tracer = tracer()
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        var context = InstrumentationContext.topLevel
        tracer.extract(["traceparent": header], into: &context, using: Headers())
        #expect(context.span == SpanIdentity(traceID: "4bf92f3577b34da6a3ce929d0e0e4736", spanID: "00f067aa0ba902b7", parentID: nil))
        var carrier: [String: String] = [:]
        tracer.inject(context, into: &carrier, using: Headers())
        #expect(carrier == ["traceparent": header])
        for bad in ["", "00", "00-x-y-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"] {
            var context = InstrumentationContext.topLevel
            tracer.extract(["traceparent": bad], into: &context, using: Headers())
            #expect(context.span == nil, "\(bad)")
        }
    }

    @Test func theRequestIsOTLP() throws {
        var span = FinishedSpan(
            identity: SpanIdentity(traceID: "4bf92f3577b34da6a3ce929d0e0e4736", spanID: "00f067aa0ba902b7", parentID: "00000000000000ff"),
            name: "chat m", kind: .client, start: 1_700_000_000_000_000_001)
        span.end = .max
        span.attributes["text"] = "a \"b\" \u{1F408}"
        span.attributes["whole"] = Int.max
        span.attributes["number"] = 0.5
        span.attributes["none"] = Double.nan
        span.attributes["flag"] = true
        span.attributes["list"] = ["stop"]
        span.events = [SpanEvent(name: "e", at: SpanInstant(nanosecondsSinceEpoch: 3), attributes: ["score": .double(7.5)])]
        span.status = SpanStatus(code: .error, message: "timeout")
        let request = try JSON(parsing: OTLPJSON.request([span], resource: ["service.name": "pressroom"]).utf8)
        let resource = request["resourceSpans"]?[0]
        #expect(resource?["resource"]?["attributes"] == [["key": "service.name", "value": ["stringValue": "pressroom"]]])
        let written = try #require(resource?["scopeSpans"]?[0]?["spans"]?[0])
        #expect(written["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736" && written["spanId"] == "00f067aa0ba902b7")
        #expect(written["parentSpanId"] == "00000000000000ff" && written["kind"] == 3)
        #expect(written["startTimeUnixNano"] == "1700000000000000001" && written["endTimeUnixNano"] == "18446744073709551615")
        #expect(written["status"] == ["code": 2, "message": "timeout"])
        let attributes = Dictionary(
            uniqueKeysWithValues: (written["attributes"]?.array ?? []).map { ($0["key"]?.string ?? "", $0["value"] ?? .null) })
        #expect(attributes["text"] == ["stringValue": "a \"b\" \u{1F408}"])
        #expect(attributes["whole"] == ["intValue": "9223372036854775807"])
        #expect(attributes["number"] == ["doubleValue": 0.5])
        #expect(attributes["none"] == ["stringValue": "nan"])
        #expect(attributes["flag"] == ["boolValue": true])
        #expect(attributes["list"] == ["arrayValue": ["values": [["stringValue": "stop"]]]])
        #expect(written["events"]?[0]?["timeUnixNano"] == "3" && written["events"]?[0]?["name"] == "e")
    }
}

@Suite struct SpanExporterTests {
    /// What a collector got, and how it answers.
    private final class Collector: Sendable {
        private let state = Mutex<(batches: [[String]], outcomes: [SpanExporter.Outcome])>(([], []))
        private let arrivals = AsyncStream.makeStream(of: Void.self)

        init(_ outcomes: [SpanExporter.Outcome] = []) { state.withLock { $0.outcomes = outcomes } }

        var batches: [[String]] { state.withLock { $0.batches } }

        func take(_ body: [UInt8]) -> SpanExporter.Outcome {
            let spans = (try? JSON(parsing: body))?["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?.array ?? []
            defer { arrivals.continuation.yield() }
            return state.withLock { state in
                state.batches.append(spans.compactMap { $0["name"]?.string })
                return state.outcomes.isEmpty ? .taken(rejected: 0) : state.outcomes.removeFirst()
            }
        }

        func arrived(_ count: Int) async throws {
            try await within(.seconds(30), "\(count) batches") {
                var left = count
                for await _ in self.arrivals.stream {
                    left -= 1
                    if left == 0 { return }
                }
            }
        }
    }

    private func span(_ name: String) -> FinishedSpan {
        var span = FinishedSpan(
            identity: SpanIdentity(traceID: SpanIDs.trace("t"), spanID: SpanIDs.call(UUID()), parentID: nil), name: name,
            kind: .internal, start: 1)
        span.end = 2
        return span
    }

    private func configuration(_ change: (inout SpanExporter.Configuration) -> Void = { _ in }) -> SpanExporter.Configuration {
        var configuration = SpanExporter.Configuration()
        configuration.interval = .milliseconds(10)
        configuration.backoff = Backoff(initial: .milliseconds(5), max: .milliseconds(10))
        configuration.grace = .seconds(2)
        change(&configuration)
        return configuration
    }

    @Test func spansGoInBatchesAndInOrder() async throws {
        let collector = Collector()
        let exporter = SpanExporter(configuration { $0.batch = 10 }, resource: [:]) { collector.take($0) }
        for number in 0..<25 { exporter.add(span("\(number)")) }
        #expect(exporter.waiting == 25)
        let running = Task { await exporter.run() }
        try await collector.arrived(3)
        running.cancel()
        await running.value
        #expect(collector.batches.map(\.count) == [10, 10, 5])
        #expect(collector.batches.flatMap { $0 } == (0..<25).map { "\($0)" })
        #expect(exporter.waiting == 0)
    }

    @Test func aBatchIsSentAgainUntilItIsTakenOrGivenUp() async throws {
        let away = SpanExporter.Outcome.unavailable(retryAfter: nil)
        let collector = Collector([away, away, .taken(rejected: 0), away, away, away, .refused, .taken(rejected: 1)])
        let exporter = SpanExporter(configuration { $0.batch = 1; $0.tries = 3 }, resource: [:]) { collector.take($0) }
        for name in ["late", "lost", "refused", "partly"] { exporter.add(span(name)) }
        let running = Task { await exporter.run() }
        try await collector.arrived(8)
        running.cancel()
        await running.value
        #expect(collector.batches.map { $0[0] } == ["late", "late", "late", "lost", "lost", "lost", "refused", "partly"])
    }

    @Test func whatDoesNotFitIsDroppedAndNothingWaits() async {
        let exporter = SpanExporter(configuration { $0.capacity = 5 }, resource: [:]) { _ in .taken(rejected: 0) }
        for number in 0..<100 { exporter.add(span("\(number)")) }
        #expect(exporter.waiting == 5)
    }

    @Test func theEndSendsWhatIsLeftAndDoesNotWaitForACollectorThatHangs() async throws {
        let collector = Collector()
        let patient = SpanExporter(configuration { $0.interval = .seconds(3_600) }, resource: [:]) { collector.take($0) }
        let running = Task { await patient.run() }
        patient.add(span("left"))
        running.cancel()
        await running.value
        #expect(collector.batches == [["left"]])

        let hanging = SpanExporter(configuration { $0.grace = .milliseconds(200) }, resource: [:]) { _ in
            try? await Task.sleep(for: .seconds(3_600))
            return .unavailable(retryAfter: .seconds(3_600))
        }
        hanging.add(span("never"))
        let start = ContinuousClock.now
        let other = Task { await hanging.run() }
        other.cancel()
        await other.value
        #expect(start.duration(to: .now) < .seconds(30))
        #expect(hanging.waiting == 0)
    }
}
