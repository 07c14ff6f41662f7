import Foundation
import Logging
import NIOHTTP1
import Postgres
import Telemetry
import TestSupport
import Testing

@testable import API

@Suite struct MetricsRouteTests {
    private static let token = "0123456789abcdef"

    @Test func metricsAreServedOnLoopback() async throws {
        try await APIFixture.with { api in
            _ = try await api.send(.GET, "/api/v1/tasks")
            _ = try await api.send(.GET, "/api/v1/nothing")
            // A request counts when its answer is written; its client may have it a moment before.
            let counted = [
                "pressroom_http_requests_total{method=\"GET\",route=\"/api/v1/tasks\",status=\"200\"} ",
                "pressroom_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} ",
            ]
            let answer = try await within(.seconds(60), "the requests in the metrics") {
                while true {
                    let answer = try await api.send(.GET, "/metrics")
                    if counted.allSatisfy({ answer.text.contains("\n" + $0) }) { return answer }
                }
            }
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == [PrometheusText.contentType])
            #expect(answer.headers["cache-control"] == ["no-store"])
            let lines = answer.text.split(separator: "\n")
            #expect(lines.contains("# TYPE pressroom_http_request_duration_seconds histogram"))
            #expect(try await api.send(.HEAD, "/metrics").status == 200)
        }
    }

    @Test(arguments: ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"])
    func whatCameThroughAProxyNeedsTheToken(header: String) async throws {
        try await APIFixture.with { api in
            let answer = try await api.send(.GET, "/metrics", headers: [header: "1.2.3.4"])
            #expect(answer.status == 404 && answer.isProblem)
        }
        try await APIFixture.with(configure: { $0.metrics.token = Self.token }) { api in
            let headers = [header: "1.2.3.4", "Authorization": "Bearer \(Self.token)"]
            let answer = try await api.send(.GET, "/metrics", headers: headers)
            #expect(answer.status == 200)
        }
    }

    @Test func withATokenOnlyTheTokenCounts() async throws {
        try await APIFixture.with(configure: { $0.metrics.token = Self.token }) { api in
            for wrong in [nil, "", "Bearer", "Bearer ", "Bearer \(Self.token)x", "Bearer \(Self.token.dropLast())", Self.token, "Basic \(Self.token)"] {
                let answer = try await api.send(.GET, "/metrics", headers: wrong.map { ["Authorization": $0] } ?? [:])
                #expect(answer.status == 401 && answer.isProblem, "\(wrong ?? "none")")
                #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true)
                #expect(!answer.text.contains(Self.token))
            }
            #expect(try await api.send(.GET, "/metrics", headers: ["Authorization": "Bearer \(Self.token)"]).status == 200)
        }
    }

    @Test func elsewhereThanOnLoopbackTheyNeedTheToken() async throws {
        try await APIFixture.with(configure: { $0.host = "0.0.0.0" }) { api in
            let answer = try await api.send(.GET, "/metrics")
            #expect(answer.status == 404)
        }
    }

    @Test func aStrangeMethodIsNoLabel() async throws {
        try await APIFixture.with { api in
            // One that HTTP servers know, and no route has.
            _ = try await api.send(HTTPMethod(rawValue: "PROPFIND"), "/api/v1/tasks")
            let answer = try await api.send(.GET, "/metrics")
            #expect(!answer.text.contains("PROPFIND"))
            #expect(answer.text.contains("method=\"other\""))
        }
    }
}
