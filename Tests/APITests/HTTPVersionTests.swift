import API
import AsyncHTTPClient
import Base
import Broadcast
import Foundation
import NIOCore
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

/// Old versions of HTTP, parts of files, and clients that name a place in the log in ways of their own.
@Suite struct HTTPVersionTests {
    @Test(arguments: ["", "connection: keep-alive\r\n", "host: localhost\r\n"])
    func aConnectionOfHTTP10EndsWithItsResponse(header: String) async throws {
        try await APIFixture.with { api in
            let request = "GET /health/live HTTP/1.0\r\n\(header)\r\n"
            // What follows a request on such a connection has no response.
            let answer = try await exchange(port: api.port, [request + request]).lowercased()
            #expect(answer.hasPrefix("http/1.0 200 ok\r\n") && answer.components(separatedBy: "http/1.").count == 2, "\(answer)")
            #expect(answer.contains("connection: close\r\n") && answer.contains("content-length: "))
            #expect(!answer.contains("transfer-encoding"))
            let post = "POST /api/v1/tasks HTTP/1.0\r\n\(header)content-type: application/json\r\nexpect: 100-continue\r\n"
            let refused = try await exchange(port: api.port, [post + "content-length: 2\r\n\r\n{}"])
            #expect(refused.hasPrefix("HTTP/1.0 422 "), "\(refused)")
        }
    }

    @Test func aStreamOfHTTP10IsPlainBytesUpToTheEnd() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            #expect(try await api.send(.POST, "/api/v1/tasks/\(task.text)/cancel").status == 200)
            let answer = try await exchange(port: api.port, ["GET /api/v1/tasks/\(task.text)/stream HTTP/1.0\r\n\r\n"])
            let end = try #require(answer.range(of: "\r\n\r\n"))
            let (head, body) = (answer[..<end.lowerBound].lowercased(), answer[end.upperBound...])
            #expect(head.hasPrefix("http/1.0 200") && !head.contains("transfer-encoding") && head.contains("connection: close"))
            let blocks = body.components(separatedBy: "\n\n")
            #expect(blocks.count == 3 && blocks[2].isEmpty, "\(body)")
            #expect(blocks[0].hasPrefix("retry: ") && blocks[0].contains("\nevent: state\n"))
            #expect(blocks[1].hasPrefix("id: ") && blocks[1].contains("\nevent: end\n"))
        }
    }

    @Test func aFullNodeTellsHTTP10Too() async throws {
        var hub = HubConfiguration()
        hub.maxStreams = 0
        try await APIFixture.with(hub: hub) { api in
            let answer = try await exchange(
                port: api.port, ["GET /api/v1/stream HTTP/1.0\r\naccept: text/event-stream\r\n\r\n"])
            let body = answer.components(separatedBy: "\r\n\r\n").last ?? ""
            #expect(body.hasPrefix("retry: ") && body.contains("\nevent: overloaded\ndata: {") && body.hasSuffix("}\n\n"), "\(answer)")
        }
    }

    private static let ranges = [
        "bytes=0-1", "bytes=99999999-", "bytes=1551-", "bytes=-0", "bytes=-5", "bytes=5-", "bytes=0-0,2-3", "bytes=9-1", "bytes=",
        "bytes=a-b", "items=0-1", "bytes 0-1", "bytes=0-99999999999999999999", "bytes=-99999999999999999999",
    ]

    @Test func aPartOfAFileIsTheWholeFile() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-files-\(UUID().text)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = String(repeating: "a file\n", count: 200)
        try Data(text.utf8).write(to: directory.appendingPathComponent("file.txt"))
        try await APIFixture.with(configure: { $0.publicDirectory = directory.path }) { api in
            for range in Self.ranges {
                let answer = try await api.send(.GET, "/file.txt", headers: ["range": range])
                #expect(answer.status == 200 && answer.text == text, "\(range): \(answer.status)")
                #expect(answer.headers["content-length"] == ["\(text.utf8.count)"] && answer.headers["content-range"].isEmpty)
                #expect(answer.headers["accept-ranges"] == ["none"])
            }
            // The next response of a kept connection begins where this one ends.
            let get = "GET /file.txt HTTP/1.1\r\nhost: localhost\r\nrange: bytes=1400-\r\n"
            let both = try await exchange(port: api.port, [get + "\r\n" + get + "connection: close\r\n\r\n"])
            #expect(both.components(separatedBy: "HTTP/1.1 200 OK\r\n").count == 3 && both.hasSuffix(text), "\(both.prefix(300))")
        }
    }

    @Test func tagsMayBeWeakAndSeveral() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let path = "/api/v1/tasks/\(task.text)"
            func send(_ action: String, _ tag: String) async throws -> Int {
                try await api.send(.POST, path + action, headers: ["if-match": tag]).status
            }
            #expect(try await send("/pause", "W/\"1\"") == 200)
            #expect(try await send("/resume", "\"1\", W/\"2\"") == 200)
            #expect(try await send("/pause", " \"3\" ,\"x,y\" ,, ") == 200)
            for tag in ["\"1\", \"2\"", "W/\"9\"", "\"nothing\"", "\"\""] { #expect(try await send("/resume", tag) == 412, "\(tag)") }
            for tag in ["4", "W/4", "\"4", "\"4\" \"5\"", "w/\"4\"", ", ,", "*, \"4\"", "\"4\", *"] {
                #expect(try await send("/resume", tag) == 400, "\(tag)")
            }
            // What is missing is missing, whatever its version should be.
            let missing = "/api/v1/tasks/\(UUID().text)/pause"
            #expect(try await api.send(.POST, missing, headers: ["if-match": "\"nothing\""]).status == 404)
            #expect(try await api.send(.GET, path, headers: ["if-none-match": "\"1\", W/\"4\""]).status == 304)
        }
    }

    /// What a cache takes from a 304 is what the 200 has (RFC 9110, 15.4.5), and nothing is said of a body.
    @Test func a304HasTheHeadersOfThe200() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-files-\(UUID().text)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data("<!doctype html>".utf8).write(to: directory.appendingPathComponent("index.html"))
        try await APIFixture.with(configure: { $0.publicDirectory = directory.path }) { api in
            let task = try await api.startTask()
            let schedule = try await api.send(
                .POST, "/api/v1/schedules", ["workflow": "launch", "cron": "@hourly", "input": ["topic": "tea"]] as JSON)
            let id = try #require(schedule.json["id"]?.string, "\(schedule)")
            let tasks = "/api/v1/tasks/\(task.text)"
            for path in [
                "/", tasks, tasks + "/state", "/api/v1/workflows/launch/state/\(task.text)", "/api/v1/workflows/launch",
                "/api/v1/workflows/launch/versions/1.0.0", "/api/v1/schedules/\(id)",
            ] {
                let whole = try await api.send(.GET, path)
                let tag = try #require(whole.tag, "\(path)")
                for given in [tag, "\"x\", " + (tag.hasPrefix("W/") ? tag : "W/" + tag)] {
                    let known = try await api.send(.GET, path, headers: ["if-none-match": given])
                    #expect(known.status == 304 && known.text.isEmpty, "\(path): \(known)")
                    for name in ["etag", "cache-control", "vary", "content-location", "expires", "last-modified"] {
                        #expect(known.headers[name] == whole.headers[name], "\(path): \(name)")
                    }
                    #expect(known.headers["etag"].count == 1 && known.headers["cache-control"] == ["no-cache"], "\(path)")
                    #expect(known.headers["date"].count == 1 && known.headers["content-type"].isEmpty, "\(path)")
                }
            }
        }
    }

    /// The first block of a stream.
    private func first(_ api: APIFixture, _ path: String, _ headers: [String: String]) async throws -> (status: Int, block: String) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(api.port)\(path)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        var text = ""
        for try await bytes in response.body {
            text += String(buffer: bytes)
            if let end = text.range(of: "\n\n") { return (Int(response.status.code), String(text[..<end.lowerBound])) }
        }
        return (Int(response.status.code), text)
    }

    @Test(arguments: ["lastEventId", "Last-Event-ID", "lastEventID", "cursor"])
    func polyfillsComeBackWithTheirLastID(name: String) async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            let head = try await api.store.logHead(APIFixture.scope).cursor
            for path in ["/api/v1/stream", "/api/v1/tasks/\(task.text)/stream"] {
                // The address may still have the cursor with which the page began.
                let old = name == "cursor" ? "" : "cursor=\(head.epoch).0&"
                for headers in [[:], ["accept": "text/event-stream"]] {
                    let (status, block) = try await first(api, path + "?\(old)\(name)=\(head)", headers)
                    #expect(status == 200 && block.hasSuffix("\nid: \(head)\nevent: opened\ndata: {\"cursor\":\"\(head)\"}"), "\(block)")
                }
                let empty = try await first(api, path + "?\(name)=", [:])
                #expect(empty.status == 200 && !empty.block.contains("event: reset"))
                let header = try await first(api, path + "?\(name)=\(head.epoch).0", ["last-event-id": head.description])
                #expect(header.block.contains("\nid: \(head)\n"))
            }
        }
    }

    @Test(arguments: ["-1", "42", "abc", "k.", "0", "k3.01"])
    func aForeignLastEventIDResetsABrowser(text: String) async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            for (path, follows) in [("/api/v1/stream", "id: "), ("/api/v1/tasks/\(task.text)/stream", "id: ")] {
                for (query, headers) in [("", ["last-event-id": text]), ("?cursor=\(text)", [:]), ("?lastEventId=\(text)", [:])] {
                    let browser = try await first(api, path + query, headers.merging(["accept": "text/event-stream"]) { $1 })
                    #expect(browser.status == 200 && browser.block.contains("\nevent: reset\ndata: {"), "\(browser)")
                    #expect(browser.block.contains("\"reason\":\"epoch\"") && browser.block.contains("\n\(follows)"))
                    let other = try await api.send(.GET, path + query, headers: headers)
                    #expect(other.status == 400 && other.pointers.count == 1, "\(other)")
                }
            }
        }
    }

    @Test(arguments: [("53100", "no space left"), ("53300", "no further connections"), ("25006", "no changes"), ("53200", "memory")])
    func whatTheDatabaseLacksIsSaid(state: String, words: String) async throws {
        try await APIFixture.with { api in
            _ = try await api.client.withConnection { connection in
                try await connection.execute(
                    script: """
                        CREATE FUNCTION pressroom.lacks_something() RETURNS trigger LANGUAGE plpgsql AS
                            $$ BEGIN RAISE EXCEPTION 'for the test' USING ERRCODE = '\(state)'; END $$;
                        CREATE TRIGGER refuse BEFORE INSERT ON pressroom.workflows
                            FOR EACH STATEMENT EXECUTE FUNCTION pressroom.lacks_something();
                        """)
            }
            let answer = try await api.send(.POST, "/api/v1/workflows", YAML.workflow())
            #expect(answer.status == 503 && answer.isProblem)
            #expect(answer.json["detail"]?.string?.contains(words) == true, "\(answer.text)")
            #expect(answer.headers.first(name: "retry-after") != nil)
        }
    }
}
