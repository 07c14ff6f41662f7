import AsyncHTTPClient
import Base
import Client
import Foundation
import Logging
import NIOPosix
import Postgres
import Telemetry
import TestSupport
import Testing

@testable import Service

@Suite struct TraceExportTests {
    private func otel(_ flags: [(String, String)], environment: [String: String] = [:]) throws -> PressroomConfiguration.OTel {
        try PressroomConfiguration(
            ConfigurationSources(
                flags: flags.map { .init(name: "--set", key: $0.0, value: $0.1) }, environment: environment, workingDirectory: "/tmp")
        ).otel
    }

    @Test func theStandardVariablesAreRead() throws {
        #expect(try otel([]).tracesURL == nil)
        #expect(try otel([("otel.endpoint", "http://a:4318/")]).tracesURL == "http://a:4318/v1/traces")
        let standard = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/x", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20k, x-team=a",
            "OTEL_SERVICE_NAME": "desk", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test,service.name=other",
        ]
        let read = try otel([], environment: standard)
        #expect(read.tracesURL == "http://c:4318/x/v1/traces")
        #expect(read.headers.map(\.name) == ["authorization", "x-team"] && read.headers[0].value == "Bearer k")
        #expect(
            read.resource(instance: "n1") == [
                "service.name": "desk", "deployment.environment": "test", "service.version": ServiceVersion.text,
                "service.instance.id": "n1", "telemetry.sdk.language": "swift",
            ])
        #expect(try otel([("otel.endpoint", "http://own:1")], environment: standard).tracesURL == "http://own:1/v1/traces")
        let whole = standard.merging(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t.example/in"]) { $1 }
        #expect(try otel([], environment: whole).tracesURL == "https://t.example/in")
        #expect(try otel([], environment: whole.merging(["OTEL_SDK_DISABLED": "true"]) { $1 }).tracesURL == nil)
        for bad in ["ftp://a", "a:4318", "http://"] {
            #expect(throws: ConfigurationError.self) { try otel([("otel.endpoint", bad)]) }
        }
        #expect(throws: ConfigurationError.self) { try otel([("otel.headers", "authorization")]) }
    }

    @Test func theCollectorsAnswerDecides() async throws {
        try await ScriptedModelServer.withServer { server in
            let client = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton))
            func collector(timeout: String) throws -> TraceCollector {
                let settings = try otel([
                    ("otel.endpoint", "http://127.0.0.1:\(server.port)"), ("otel.headers", "x-key=a%2Cb"), ("otel.timeout", timeout),
                ])
                return TraceCollector(settings, httpClient: client, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
            }
            let patient = try collector(timeout: "1m")
            for (script, outcome) in [
                (.status(200, body: "{}"), .taken(rejected: 0)), (.status(200, body: "not JSON"), .taken(rejected: 0)),
                (.status(200, body: #"{"partialSuccess": {"rejectedSpans": "2"}}"#), .taken(rejected: 2)),
                (.status(400), .refused), (.status(401), .refused), (.status(500), .refused),
                (.status(503), .unavailable(retryAfter: nil)),
                (.status(429, headers: ["retry-after": "7"]), .unavailable(retryAfter: .seconds(7))),
                (.nonsense(), .unavailable(retryAfter: nil)),
            ] as [(ScriptedModelServer.Script, SpanExporter.Outcome)] {
                server.enqueue(script)
                #expect(await patient.send(Array("{}".utf8)) == outcome)
            }
            server.enqueue(.hang())
            let hasty = try collector(timeout: "300ms")
            #expect(await hasty.send(Array("{}".utf8)) == .unavailable(retryAfter: nil))
            let first = try #require(server.requests.first)
            #expect(first.method == "POST" && first.path == "/v1/traces")
            #expect(first.headers["content-type"] == "application/json" && first.headers["x-key"] == "a,b")
            try await client.shutdown()
        }
    }

    /// All spans that a collector has got, in the order of their arrival.
    private func spans(_ server: ScriptedModelServer) -> [JSON] {
        server.requests.flatMap { request in
            request.json?["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?.array ?? []
        }
    }

    @Test func aTaskIsExportedOnceAsATree() async throws {
        try await ScriptedModelServer.withServer { collector in
            collector.answerAlways(with: .status(200, body: "{}"))
            let yaml = "otel: {endpoint: \"http://127.0.0.1:\(collector.port)\"}"
            try await withService(ServiceSetup(yaml: yaml)) { service in
                try await service.publish(Definitions.editorial("rehearsal"))
                let task = try await service.startTask("editorial")
                #expect(try await service.end(of: task) == "completed")
                try await within(.seconds(60), "the trace") {
                    while !spans(collector).contains(where: { $0["name"]?.string?.hasPrefix("invoke_workflow ") == true }) {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                let attempts = try await service.number("SELECT count(*) FROM pressroom.attempts")
                let calls = try await service.number("SELECT count(*) FROM pressroom.calls")
                let phases = try await service.number("SELECT count(*) FROM pressroom.phases WHERE started_at IS NOT NULL")
                try await within(.seconds(60), "all spans") {
                    while spans(collector).count < 1 + attempts + calls + phases { try await Task.sleep(for: .milliseconds(50)) }
                }
                let all = spans(collector)
                #expect(all.count == 1 + attempts + calls + phases)
                let ids = all.compactMap { $0["spanId"]?.string }
                #expect(Set(ids).count == all.count, "a span was exported twice")
                let trace = try await service.client.task(task).document.json["context"]?["trace_id"]?.string
                #expect(Set(all.compactMap { $0["traceId"]?.string }) == [trace ?? ""])
                let roots = all.filter { $0["parentSpanId"]?.string.map { !ids.contains($0) } ?? true }
                #expect(roots.compactMap { $0["name"]?.string } == ["invoke_workflow editorial"])
                #expect(roots.allSatisfy { $0["parentSpanId"] == nil })
                // A prompt or a draft is never in a trace.
                let contents = try await service.sql("SELECT content FROM pressroom.outputs").map { try $0.decode("content", as: String.self) }
                let sent = collector.requests.map { String(decoding: $0.body, as: UTF8.self) }.joined()
                for content in contents { #expect(!sent.contains(content.prefix(40))) }
            }
        }
    }
}
