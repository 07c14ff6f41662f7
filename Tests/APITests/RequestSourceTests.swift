import API
import Base
import Foundation
import NIOHTTP1
import Postgres
import Testing
import Workflow

/// A service without authentication on loopback serves its own machine, and no web page that a browser there shows.
@Suite struct RequestSourceTests {
    private static func configure(_ configuration: inout APIConfiguration) {
        configuration.allowedHosts = ["named.internal", "ported.internal:81"].compactMap { Authority($0) }
        configuration.allowedOrigins = ["https://app.example", "http://localhost:5173"].compactMap { WebOrigin($0) }
    }

    private func answered(_ api: APIFixture, _ head: String) async throws -> Int {
        let answer = try await exchange(port: api.port, [head + "connection: close\r\n\r\n"])
        if !answer.contains(" 200 ") { #expect(answer.contains("application/problem+json"), "\(answer)") }
        return answer.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    @Test func onlyNamesOfThisMachineAreServed() async throws {
        try await APIFixture.with(configure: Self.configure) { api in
            for host in [
                "localhost", "LOCALHOST:1", "localhost.", "app.localhost:8080", "127.0.0.1", "127.9.8.7:80", "[::1]:8080",
                "[::ffff:127.0.0.1]", "named.internal", "Named.Internal:8443", "ported.internal:81",
            ] {
                let answer = try await answered(api, "GET /health/live HTTP/1.1\r\nhost: \(host)\r\n")
                #expect(answer == 200, "\(host)")
            }
            for host in [
                "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost", "0.0.0.0", "10.0.0.1",
                "2130706433", "127.1", "[::]", "[::ffff:10.0.0.1]", "", "ported.internal", "ported.internal:82",
                "sub.named.internal",
            ] {
                for path in ["/", "/health/live", "/api/v1/tasks", "/api/v1/stream"] {
                    let answer = try await answered(api, "GET \(path) HTTP/1.1\r\nhost: \(host)\r\n")
                    #expect(answer == 421, "\(host) \(path)")
                }
            }
        }
    }

    @Test func aHostThatIsNotClearIsRefused() async throws {
        try await APIFixture.with(configure: Self.configure) { api in
            for host in [
                "", "host: localhost\r\nhost: evil.example\r\n", "host: evil.example\r\nhost: localhost\r\n",
                "host: localhost\r\nHost: localhost\r\n", "host: a b\r\n", "host: localhost/x\r\n", "host: me@localhost\r\n",
                "host: localhost:port\r\n", "host: localhost:99999\r\n", "host: localhost:-1\r\n", "host: [::1\r\n",
                "host: [localhost]\r\n", "host: ::1\r\n", "host: localhost, evil.example\r\n",
            ] {
                let answer = try await answered(api, "GET /health/live HTTP/1.1\r\n\(host)")
                #expect(answer == 400, "\(host)")
            }
        }
    }

    private static let targets: [(target: String, host: String, status: Int)] = [
        ("http://localhost:80/health/live", "localhost", 200), ("HTTP://LOCALHOST/health/live", "localhost:80", 200),
        ("http://evil.example/health/live", "localhost", 400), ("http://localhost:1/health/live", "localhost:2", 400),
        ("http://evil.example/health/live", "evil.example", 421), ("http://me@localhost/health/live", "localhost", 400),
        ("http:///health/live", "localhost", 400),
    ]

    @Test(arguments: targets)
    func anAbsoluteTargetNamesTheHostToo(target: String, host: String, status: Int) async throws {
        try await APIFixture.with(configure: Self.configure) { api in
            let answer = try await answered(api, "GET \(target) HTTP/1.1\r\nhost: \(host)\r\n")
            #expect(answer == status)
        }
    }

    @Test func anAddressThatOthersReachServesEveryName() async throws {
        try await APIFixture.with(configure: { $0.host = "0.0.0.0" }) { api in
            for (host, status) in [("host: evil.example\r\n", 200), ("host: a b\r\n", 400), ("", 400)] {
                let answer = try await answered(api, "GET /health/live HTTP/1.1\r\n\(host)")
                #expect(answer == status, "\(host)")
            }
        }
    }

    @Test func aPageOfAnotherOriginChangesNothing() async throws {
        try await APIFixture.with(configure: Self.configure) { api in
            let task = try await api.startTask()
            let own = "http://127.0.0.1:\(api.port)"
            let foreign: [[String: String]] = [
                ["origin": "http://evil.example"], ["origin": "null"], ["origin": "http://127.0.0.1:1"], ["origin": "file://"],
                ["origin": "http://localhost:\(api.port)"], ["origin": "http://app.example"], ["origin": "https://app.example:444"],
                ["origin": "https://sub.app.example"], ["origin": "\(own).evil.example"], ["origin": ""],
                ["sec-fetch-site": "cross-site"], ["sec-fetch-site": "cross-site", "content-type": "text/plain"],
                ["origin": "http://evil.example", "sec-fetch-site": "same-origin"],
            ]
            let before = try await api.rowCounts()
            for headers in foreign {
                for action in ["cancel", "pause"] {
                    let refused = try await api.send(.POST, "/api/v1/tasks/\(task.text)/\(action)", headers: headers)
                    #expect(refused.status == 403 && refused.isProblem, "\(headers): \(refused)")
                }
                #expect(try await api.send(.DELETE, "/api/v1/tasks/\(task.text)", headers: headers).status == 403)
                #expect(try await api.send(.POST, "/api/v1/workflows", YAML.workflow(name: "evil"), headers: headers).status == 403)
                // Reading is what the browser itself keeps from the page.
                #expect(try await api.send(.GET, "/api/v1/tasks/\(task.text)", headers: headers).json["status"] == "pending")
            }
            #expect(try await api.rowCounts() == before)
            let known: [[String: String]] = [
                [:], ["origin": own], ["sec-fetch-site": "same-origin"], ["sec-fetch-site": "none"], ["origin": "https://app.example"],
                ["origin": "HTTPS://App.Example:443"], ["origin": "http://localhost:5173"],
                ["origin": "https://app.example", "sec-fetch-site": "cross-site"],
            ]
            for headers in known {
                let answer = try await api.send(.POST, "/api/v1/workflows/validate", YAML.workflow(), headers: headers)
                #expect(answer.status == 200, "\(headers): \(answer)")
            }
        }
    }

    @Test(arguments: ["null", "https://app.example/", "https://app.example/path", "app.example", "https://", "ftp://app.example", "https://a b"])
    func whatIsNoOriginIsNotAllowed(text: String) {
        #expect(WebOrigin(text) == nil)
    }
}
