import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("http phases", .limit(minutes: 3))
struct HTTPKindTests {
    @Test("Templates in the URL are percent-encoded, in JSON bodies they stay text, in headers they break no line")
    func templates() async throws {
        let web = ScriptedWebClient { _ in WebResponse(status: 200) }
        let bench = #"url: "https://a.example/{{topic}}?q={{topic}}&raw={{{raw}}}", method: POST, body: {t: "{{topic}}", n: 1}, headers: {X-T: "{{raw}}"}"#
        try await run(bench, input: ["topic": "a/b ü\"&", "raw": "x=1"], web) { bench in
            let request = try #require(web.requests.first)
            #expect(request.url == "https://a.example/a%2Fb%20%C3%BC%22%26?q=a%2Fb%20%C3%BC%22%26&raw=x=1")
            #expect(request.body.flatMap { try? JSON(parsing: $0) } == ["t": "a/b ü\"&", "n": 1])
            let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name.lowercased(), $0.value) })
            #expect(headers["x-t"] == "x=1" && headers["content-type"] == "application/json")
            #expect(headers["idempotency-key"] == (try await bench.text("SELECT id::text FROM pressroom.steps")))
        }
        // The digits of whole numbers are those that came.
        let ids = try JSON(parsing: #"{"id": 18446744073709551615, "more": [-9223372036854775809, 9007199254740993]}"#)
        try await run(
            #"url: "https://a.example/{{id}}?n={{more.0}}", method: POST, body: {n: "{{more.1}}"}, headers: {X-T: "{{id}}"}"#, input: ids, web
        ) { bench in
            let request = try #require(web.requests.last)
            #expect(request.url == "https://a.example/18446744073709551615?n=-9223372036854775809")
            #expect(request.body.map { String(decoding: $0, as: UTF8.self) }?.contains("9007199254740993") == true)
            #expect(request.headers.contains { $0.name == "X-T" && $0.value == "18446744073709551615" })
        }
        try await run(#"url: "https://a.example", headers: {X-T: "{{raw}}"}"#, input: ["raw": "a\r\nHost: b"], web) { bench in
            let error = try await error(bench)
            #expect(error["code"] == "invalid_request")
            #expect(web.requests.count == 2)
        }
    }

    @Test("U+0000 in a header of the answer is left out")
    func headerWithNUL() async throws {
        let web = ScriptedWebClient { _ in WebResponse(status: 200, headers: [WebHeader("X-Odd", "a\0b"), WebHeader("X-Odd", "\0")]) }
        try await run("url: 'https://a.example'", web) { bench in
            let output = try await bench.output(of: "it")
            #expect(output["headers"]?["x-odd"] == "ab, ")
        }
    }

    @Test("A secret goes into the request and nowhere else, though the server sends it back")
    func secrets() async throws {
        let secret = "s3cr3t/\"töken"
        let web = ScriptedWebClient { request in
            let shown = request.headers.first { $0.name == "Authorization" }?.value ?? ""
            return WebResponse(
                status: request.url.contains("fail") ? 418 : 200,
                headers: [WebHeader("Content-Type", "application/json"), WebHeader("X-Echo", "key s3cr3t"), WebHeader("set-cookie", "a=b")],
                body: Array(JSON.object(["you": .string(shown), secret: ["url": .string(request.url)]]).text.utf8))
        }
        let lookup: SecretLookup = { ["TOKEN": "s3cr3t/\"töken", "KEY": "s3cr3t"][$0] }
        for path in ["ok", "fail"] {
            let attributes =
                #"url: "https://a.example/\#(path)?t={{secret.TOKEN}}", method: POST, body: "{{secret.TOKEN}} {{secret}}", headers: {Authorization: "Bearer {{secret.KEY}}", X-Key: {secret: KEY}}"#
            try await run(attributes, web, secrets: lookup) { bench in
                let request = try #require(web.requests.last)
                #expect(request.headers.contains(WebHeader("Authorization", "Bearer s3cr3t")))
                #expect(request.headers.contains(WebHeader("X-Key", "s3cr3t")))
                #expect(request.url.contains("t=s3cr3t%2F%22t%C3%B6ken"))
                #expect(String(decoding: request.body ?? [], as: UTF8.self).hasPrefix(secret))
                for table in ["tasks", "phases", "steps", "events", "logs"] {
                    let rows = try await bench.text("SELECT string_agg(r::text, ' ') FROM pressroom.\(identifier: table) r")
                    #expect(!rows.contains("s3cr3t") && !rows.contains("ken"), "\(table)")
                }
                #expect(try await bench.newsroom.status(bench.taskID) == (path == "ok" ? "completed" : "failed"))
                if path == "ok" {
                    let output = try await bench.output(of: "it")
                    #expect(output["headers"] == ["content-type": "application/json", "x-echo": "key (hidden)"])
                    #expect(output["body"]?["you"] == "Bearer (hidden)")
                } else {
                    #expect(try await error(bench)["message"]?.string?.contains("(hidden)") == true)
                }
            }
        }
    }

    @Test("A secret that the node does not have is named, and nothing is sent")
    func unknownSecret() async throws {
        let web = ScriptedWebClient { _ in WebResponse(status: 200) }
        try await run(#"url: "https://a.example/?k={{secret.NONE}}""#, web) { bench in
            let error = try await error(bench)
            #expect(error["code"] == "unknown_secret" && error["message"]?.string?.contains("PRESSROOM_SECRET_NONE") == true)
            #expect(web.requests.isEmpty)
        }
    }

    @Test("Statuses", arguments: [
        (200, "", nil, false), (299, "", nil, false), (404, "", "http_status", false), (301, "", "http_status", false),
        (429, "", "rate_limited", true), (408, "", "timeout", true), (500, "", "unavailable", true), (503, "", "unavailable", true),
        (404, ", expect: [404, 200]", nil, false), (201, ", expect: [200]", "http_status", false), (302, ", expect: [302]", nil, false),
    ] as [(Int, String, String?, Bool)])
    func statuses(status: Int, expect: String, code: String?, isRetryable: Bool) async throws {
        let web = ScriptedWebClient { _ in
            WebResponse(status: status, headers: [WebHeader("location", "https://b.example")], retryAfter: .seconds(3_600))
        }
        try await run("url: 'https://a.example'\(expect)", web) { bench in
            let error = try await error(bench)
            #expect(error["code"]?.string == code)
            if let code {
                #expect(error["retryable"] == .bool(isRetryable), "\(code)")
                #expect(try await bench.text("SELECT status FROM pressroom.steps") == (isRetryable ? "retrying" : "failed"))
                // The server's wish counts for more than the policy's milliseconds.
                let waits = try await bench.count("SELECT count(*) FROM pressroom.steps WHERE run_at > now() + interval '59 minutes'")
                #expect(waits == (isRetryable ? 1 : 0))
            } else {
                #expect(try await bench.output(of: "it")["status"] == .integer(Int64(status)))
            }
        }
    }

    @Test("Bodies", arguments: [
        ("application/json", #"{"a": [1]}"#, ["a": [1]]), ("application/problem+json; charset=utf-8", "1", 1),
        ("text/plain", #"{"a": 1}"#, #"{"a": 1}"#), ("", "", nil), ("application/json", #"{"n": "\u0000x"}"#, ["n": "x"]),
        ("application/json", #"["a\u0000b", {"k\u0000": 1}]"#, ["ab", ["k": 1]]), ("application/json", "null", nil), ("application/json", "[]", []),
        ("application/json", #""x""#, "x"), ("application/json", "3", 3), ("application/json", "12345678901234567890", .decimal("12345678901234567890")),
    ] as [(String, String, JSON)])
    func bodies(type: String, body: String, expected: JSON) async throws {
        let web = ScriptedWebClient { _ in
            WebResponse(status: 200, headers: [WebHeader("content-type", type)], body: Array(body.utf8))
        }
        try await run("url: 'https://a.example'", web) { bench in
            let output = try await bench.output(of: "it")
            #expect(output["body"] == expected)
        }
    }

    @Test("What a server asks to wait counts up to the phase's retry.max")
    func absurdWait() async throws {
        let web = ScriptedWebClient { _ in WebResponse(status: 503, retryAfter: .seconds(86_400)) }
        try await run("url: 'https://a.example'", web) { bench in
            let waits = try await bench.text(
                "SELECT (run_at BETWEEN now() + interval '119 minutes' AND now() + interval '2 hours')::text FROM pressroom.steps")
            #expect(waits == "true")
        }
    }

    @Test("A body that is no text is base64; one that says it is JSON and is none is text, and nothing is sent again")
    func oddBodies() async throws {
        let binary = ScriptedWebClient { _ in WebResponse(status: 200, body: [0xFF, 0x00]) }
        try await run("url: 'https://a.example'", binary) { bench in
            let output = try await bench.output(of: "it")
            #expect(output["body"] == ["base64": "/wA="])
        }
        let broken = ScriptedWebClient { _ in
            WebResponse(status: 200, headers: [WebHeader("content-type", "application/json")], body: Array("<html>".utf8))
        }
        try await run("url: 'https://a.example', method: POST", broken) { bench in
            let output = try await bench.output(of: "it")
            #expect(output["body"] == "<html>")
            #expect(broken.requests.count == 1)
        }
        let half = ScriptedWebClient { _ in
            WebResponse(
                status: 200, headers: [WebHeader("content-type", "application/json")], body: Array(#"{"a": "x\ud83d", "n": 1}"#.utf8))
        }
        try await run("url: 'https://a.example'", half) { bench in
            let output = try await bench.output(of: "it")
            #expect(output["body"] == ["a": "x\u{FFFD}", "n": 1])
        }
    }

    // MARK: -

    private func error(_ bench: Workbench) async throws -> JSON {
        try JSON(parsing: try await bench.text("SELECT coalesce(error, '{}')::text FROM pressroom.steps"))
    }

    /// Runs a task of one `http` phase, once.
    private func run(
        _ attributes: String, input: JSON = ["topic": "tests"], _ web: ScriptedWebClient, secrets: @escaping SecretLookup = { _ in nil },
        _ body: (Workbench) async throws -> Void
    ) async throws {
        let yaml = """
            name: request
            version: 1.0.0
            phases:
              - {id: it, kind: http, retry: {initial: 1m, max: 2h, jitter: 0}, \(attributes)}
            """
        try await withNewsroom { newsroom in
            let services = StepServices(
                models: { name throws(ProviderError) in throw ProviderError(code: .unknownModel, message: "\(name)") }, web: web,
                secrets: secrets)
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            let bench = try await Workbench(newsroom, yaml, input: input, runner: runner)
            try await bench.finish()
            try await body(bench)
        }
    }
}
