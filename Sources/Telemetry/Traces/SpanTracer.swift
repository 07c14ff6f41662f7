import Synchronization
package import Tracing

/// Makes spans, and hands them on when they end: the backend of `swift-distributed-tracing` behind the OTLP export.
///
/// The context says which trace and which parent a span has, and may say which id it gets (`InstrumentationContext.span`).
package final class SpanTracer: Tracer {
    private let onEnd: @Sendable (FinishedSpan) -> Void

    package init(onEnd: @escaping @Sendable (FinishedSpan) -> Void) {
        self.onEnd = onEnd
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        let context = context()
        let known = context.span
        var generator = SystemRandomNumberGenerator()
        let identity = SpanIdentity(
            traceID: known?.traceID
                ?? SpanIDs.hex(generator.next()) + SpanIDs.hex(generator.next()),
            spanID: context.nextSpanID ?? SpanIDs.hex(generator.next()),
            // A context may name a trace and no parent.
            parentID: known.flatMap { $0.spanID.isEmpty ? nil : $0.spanID })
        var own = context
        own.nextSpanID = nil
        own.span = identity
        return RecordedSpan(
            FinishedSpan(identity: identity, name: operationName, kind: kind, start: instant().nanosecondsSinceEpoch),
            context: own, onEnd: onEnd)
    }

    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parts = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-"), parts.count >= 4,
            let spanID = SpanIDs.reading(String(parts[2]))
        else { return }
        context.span = SpanIdentity(traceID: SpanIDs.trace(String(parts[1])), spanID: spanID, parentID: nil)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.span else { return }
        injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
    }
}

/// Where a span is in its trace. The ids are in hexadecimal digits.
package struct SpanIdentity: Sendable, Hashable {
    package let traceID: String
    package let spanID: String
    package let parentID: String?

    package init(traceID: String, spanID: String, parentID: String?) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
    }
}

extension InstrumentationContext {
    private enum SpanKey: InstrumentationContextKey {
        typealias Value = SpanIdentity
    }

    private enum NextSpanIDKey: InstrumentationContextKey {
        typealias Value = String
    }

    /// The span that is the parent of those that begin in this context.
    package var span: SpanIdentity? {
        get { self[SpanKey.self] }
        set { self[SpanKey.self] = newValue }
    }

    /// The id of the next span; nil for a random one.
    package var nextSpanID: String? {
        get { self[NextSpanIDKey.self] }
        set { self[NextSpanIDKey.self] = newValue }
    }
}

/// A span that may still change; it is handed on once, when it ends.
package final class RecordedSpan: Span {
    package let context: InstrumentationContext
    /// Nil once it has ended.
    private let state: Mutex<FinishedSpan?>
    private let onEnd: @Sendable (FinishedSpan) -> Void

    fileprivate init(_ span: FinishedSpan, context: InstrumentationContext, onEnd: @escaping @Sendable (FinishedSpan) -> Void) {
        self.context = context
        state = Mutex(span)
        self.onEnd = onEnd
    }

    package var operationName: String {
        get { state.withLock { $0?.name ?? "" } }
        set { state.withLock { $0?.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0?.attributes ?? [:] } }
        set { state.withLock { $0?.attributes = newValue } }
    }

    package var isRecording: Bool { state.withLock { $0 != nil } }

    package func setStatus(_ status: SpanStatus) {
        state.withLock { $0?.status = status }
    }

    package func addEvent(_ event: SpanEvent) {
        state.withLock { span in
            guard let count = span?.events.count, count < FinishedSpan.maxEvents else { return }
            span?.events.append(event)
        }
    }

    package func addLink(_ link: SpanLink) {
        guard let identity = link.context.span else { return }
        state.withLock { span in
            guard let count = span?.links.count, count < FinishedSpan.maxEvents else { return }
            span?.links.append(identity)
        }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let end = instant().nanosecondsSinceEpoch
        let ended: FinishedSpan? = state.withLock { span in
            guard var ended = span else { return nil }
            span = nil
            ended.end = max(end, ended.start)
            return ended
        }
        if let ended { onEnd(ended) }
    }
}

/// A span that has ended.
package struct FinishedSpan: Sendable {
    static let maxEvents = 128

    package let identity: SpanIdentity
    package var name: String
    package let kind: SpanKind
    /// In nanoseconds since 1970.
    package let start: UInt64
    package var end: UInt64 = 0
    package var attributes: SpanAttributes = [:]
    package var events: [SpanEvent] = []
    package var links: [SpanIdentity] = []
    package var status: SpanStatus?

    package init(identity: SpanIdentity, name: String, kind: SpanKind, start: UInt64) {
        self.identity = identity
        self.name = name
        self.kind = kind
        self.start = start
    }
}

/// A moment for spans that began or ended before they are made.
package struct SpanInstant: TracerInstant {
    package let nanosecondsSinceEpoch: UInt64

    package init(nanosecondsSinceEpoch: UInt64) {
        self.nanosecondsSinceEpoch = nanosecondsSinceEpoch
    }

    package static func < (left: SpanInstant, right: SpanInstant) -> Bool {
        left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
    }
}
