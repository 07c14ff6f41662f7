import Base
import Tracing

/// Spans as a request of OTLP over HTTP in JSON (OpenTelemetry protocol 1.3: ids in hexadecimal digits, 64-bit integers as
/// texts, enumerations as numbers).
enum OTLPJSON {
    /// The longest text of an attribute, in characters.
    private static let maxText = 4_096

    static func request(_ spans: [FinishedSpan], resource: [String: String]) -> JSON {
        [
            "resourceSpans": [
                [
                    "resource": [
                        "attributes": .array(
                            resource.sorted { $0.key < $1.key }.map { attribute($0.key, ["stringValue": .string($0.value)]) })
                    ],
                    "scopeSpans": [["scope": ["name": "pressroom"], "spans": .array(spans.map(span))]],
                ]
            ]
        ]
    }

    private static func span(_ span: FinishedSpan) -> JSON {
        var members: JSONObject = [
            "traceId": .string(span.identity.traceID), "spanId": .string(span.identity.spanID), "name": .string(span.name),
            "kind": .integer(kind(span.kind)), "startTimeUnixNano": .string("\(span.start)"),
            "endTimeUnixNano": .string("\(span.end)"), "attributes": attributes(span.attributes),
        ]
        if let parent = span.identity.parentID { members["parentSpanId"] = .string(parent) }
        if !span.events.isEmpty {
            members["events"] = .array(
                span.events.map { event in
                    [
                        "timeUnixNano": .string("\(event.nanosecondsSinceEpoch)"), "name": .string(event.name),
                        "attributes": attributes(event.attributes),
                    ]
                })
        }
        if !span.links.isEmpty {
            members["links"] = .array(
                span.links.map { ["traceId": .string($0.traceID), "spanId": .string($0.spanID)] })
        }
        if let status = span.status {
            var written: JSONObject = ["code": .integer(status.code == .ok ? 1 : 2)]
            if let message = status.message { written["message"] = .string(String(message.prefix(maxText))) }
            members["status"] = .object(written)
        }
        return .object(members)
    }

    private static func kind(_ kind: SpanKind) -> Int64 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    private static func attributes(_ attributes: SpanAttributes) -> JSON {
        var values: [(String, JSON)] = []
        attributes.forEach { name, value in values.append((name, written(value))) }
        return .array(values.sorted { $0.0 < $1.0 }.map { attribute($0.0, $0.1) })
    }

    private static func attribute(_ name: String, _ value: JSON) -> JSON {
        ["key": .string(name), "value": value]
    }

    private static func written(_ value: SpanAttribute) -> JSON {
        func list(_ values: [JSON]) -> JSON { ["arrayValue": ["values": .array(values)]] }
        func text(_ value: String) -> JSON { ["stringValue": .string(String(value.prefix(maxText)))] }
        func whole(_ value: Int64) -> JSON { ["intValue": .string("\(value)")] }
        func number(_ value: Double) -> JSON { value.isFinite ? ["doubleValue": .number(value)] : text("\(value)") }
        switch value {
        case .int32(let value): return whole(Int64(value))
        case .int64(let value): return whole(value)
        case .double(let value): return number(value)
        case .bool(let value): return ["boolValue": .bool(value)]
        case .string(let value): return text(value)
        case .int32Array(let values): return list(values.map { whole(Int64($0)) })
        case .int64Array(let values): return list(values.map(whole))
        case .doubleArray(let values): return list(values.map(number))
        case .boolArray(let values): return list(values.map { ["boolValue": .bool($0)] })
        case .stringArray(let values): return list(values.map(text))
        case .stringConvertible(let value): return text("\(value)")
        case .stringConvertibleArray(let values): return list(values.map { text("\($0)") })
        default: return text("")
        }
    }
}
