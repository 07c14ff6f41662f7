import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("Requests of http phases", .limit(minutes: 2))
struct GuardedWebClientTests {
    @Test("What is sent, and what comes back")
    func exchange() async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(.status(201, headers: ["X-One": "1", "retry-after": "7"], body: "héllo"))
            let request = WebRequest(
                method: .put, url: "http://127.0.0.1:\(server.port)/a%20b/c?d=e%26f#g", headers: [WebHeader("X-Two", "2")],
                body: Array("body".utf8), timeout: .seconds(30), maxBytes: 100)
            let response = try await client(allowing: "127.0.0.1").send(request)
            #expect(response.status == 201)
            #expect(response.header("x-one") == "1")
            #expect(String(decoding: response.body, as: UTF8.self) == "héllo")
            #expect(response.retryAfter == .seconds(7))
            let seen = try #require(server.requests.first)
            #expect(seen.method == "PUT" && seen.path == "/a%20b/c?d=e%26f" && seen.body == Array("body".utf8))
            #expect(seen.headers["x-two"] == "2" && seen.headers["host"] == "127.0.0.1:\(server.port)")
        }
    }

    @Test("An answer in chunks, one without a length, and one to HEAD")
    func lengths() async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(
                .init { _, reply in
                    try await reply.start()
                    try await reply.send("one ")
                    try await reply.send("two")
                    try await reply.finish()
                })
            server.enqueue(
                .init { _, reply in
                    try await reply.raw("HTTP/1.1 200 OK\r\n\r\nuntil the end")
                    try await reply.cut()
                })
            server.enqueue(.init { _, reply in try await reply.raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n") })
            let client = client(allowing: "127.0.0.1")
            let chunks = try await client.send(request(server))
            #expect(String(decoding: chunks.body, as: UTF8.self) == "one two")
            let open = try await client.send(request(server))
            #expect(String(decoding: open.body, as: UTF8.self) == "until the end")
            let head = try await client.send(request(server, method: .head))
            #expect(head.body.isEmpty)
        }
    }

    @Test("What a server compresses unasked is unpacked, up to the bound")
    func compressed() async throws {
        let json = "H4sIAAAAAAACA6tWSlSyUog21FEwiq0FANVpYXINAAAA"
        func script(_ bytes: [UInt8], _ encoding: String) -> ScriptedModelServer.Script {
            .init { _, reply in
                try await reply.start(headers: ["content-encoding": encoding])
                try await reply.send(bytes)
                try await reply.finish()
            }
        }
        let bytes = Array(try #require(Data(base64Encoded: json)))
        try await ScriptedModelServer.withServer { server in
            server.enqueue(script(bytes, "gzip"))
            server.enqueue(script([0x1F, 0x8B, 0, 1, 2, 3], "gzip"))
            server.enqueue(script(bytes, "gzip"))
            server.enqueue(script(bytes, "br"))
            server.enqueue(.init { _, reply in try await reply.raw("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n") })
            let client = client(allowing: "127.0.0.1")
            let url = "http://127.0.0.1:\(server.port)/"
            func request(_ method: WebMethod = .get, maxBytes: Int = 100) -> WebRequest {
                WebRequest(method: method, url: url, timeout: .seconds(30), maxBytes: maxBytes)
            }
            let unpacked = try await client.send(request())
            #expect(String(decoding: unpacked.body, as: UTF8.self) == #"{"a": [1, 2]}"#)
            #expect(server.requests.first?.headers["accept-encoding"] == "identity")
            await #expect { try await client.send(request()) } throws: { ($0 as? ProviderError)?.code == .invalidResponse }
            await #expect { try await client.send(request(maxBytes: 12)) } throws: { ($0 as? ProviderError)?.code == .tooLarge }
            // What the service cannot unpack stays as it came.
            let packed = try await client.send(request())
            #expect(packed.body == bytes)
            let head = try await client.send(request(.head))
            #expect(head.body.isEmpty)
        }
    }

    @Test("Addresses of this machine and this network are refused in every spelling, and nobody is connected to", arguments: [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST", "0.0.0.0", "0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1", "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "192.168.1.1",
    ])
    func refused(host: String) async throws {
        try await ScriptedModelServer.withServer { server in
            let error = await failure(of: "http://\(host):\(server.port)/", client())
            // A machine without IPv6 may not know such names at all.
            #expect(error?.code == .forbiddenAddress || (host.contains(":") && error?.code == .unavailable), "\(String(describing: error))")
            #expect(error?.isRetryable == false || error?.code == .unavailable)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A name with a forbidden address among its addresses is refused")
    func mixed() async throws {
        try await ScriptedModelServer.withServer { server in
            let resolver = NameResolver { _ in ["93.184.216.34", "127.0.0.1"].compactMap { IPAddress($0) } }
            let error = await failure(of: "http://mixed.example:\(server.port)/", client(resolver: resolver))
            #expect(error?.code == .forbiddenAddress)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A name is looked up once; another answer later changes nothing")
    func rebinding() async throws {
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(with: .status(200, body: "inside"))
            let lookups = Mutex(0)
            // First an address that may be asked (though nobody answers there), then this machine's.
            let resolver = NameResolver { _ in
                let number = lookups.withLock { $0 += 1; return $0 }
                return [number == 1 ? "127.0.0.2" : "127.0.0.1"].compactMap { IPAddress($0) }
            }
            let error = await failure(of: "http://rebinding.example:\(server.port)/", client(allowing: "127.0.0.2", resolver: resolver))
            #expect(error?.code == .unavailable)
            #expect(lookups.withLock { $0 } == 1)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A redirect is an answer like any other")
    func redirect() async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(.status(302, headers: ["location": "http://169.254.169.254/"]))
            let response = try await client(allowing: "127.0.0.1").send(request(server))
            #expect(response.status == 302 && response.header("location") == "http://169.254.169.254/")
            #expect(server.requests.count == 1)
        }
    }

    @Test("Answers that are too long end where they pass the bound")
    func tooLong() async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(.status(200, body: String(repeating: "x", count: 11)))
            server.enqueue(.status(200, body: String(repeating: "x", count: 10)))
            let closed = ScriptedModelServer.Signal()
            server.enqueue(
                .init { _, reply in
                    try await reply.start()
                    defer { closed.fire() }
                    while true { try await reply.send(String(repeating: "x", count: 65_536)) }
                })
            let client = client(allowing: "127.0.0.1")
            #expect(await failure(request(server, maxBytes: 10), client)?.code == .tooLarge)
            let whole = try await client.send(request(server, maxBytes: 10))
            #expect(whole.body.count == 10)
            #expect(await failure(request(server, maxBytes: 1 << 20), client)?.code == .tooLarge)
            await closed.wait()
        }
    }

    @Test("Headers without end are not read without end")
    func endlessHeaders() async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(
                .init { _, reply in
                    try await reply.raw("HTTP/1.1 200 OK\r\n")
                    while true { try await reply.raw("a: \(String(repeating: "x", count: 1_000))\r\n") }
                })
            let error = await failure(request(server), client(allowing: "127.0.0.1"))
            #expect(error?.code == .invalidResponse, "\(String(describing: error))")
        }
    }

    @Test("Servers that hang, cut, or do not speak HTTP")
    func faults() async throws {
        try await ScriptedModelServer.withServer { server in
            let closed = ScriptedModelServer.Signal()
            server.enqueue(.hang(closed: closed))
            server.enqueue(.cut(after: ["half"]))
            server.enqueue(.nonsense())
            let client = client(allowing: "127.0.0.1")
            #expect(await failure(request(server, timeout: .seconds(2)), client)?.code == .timeout)
            await closed.wait()
            #expect(await failure(request(server), client)?.code == .unavailable)
            #expect(await failure(request(server), client)?.code == .invalidResponse)
        }
    }

    @Test("Nobody listens, and no such name")
    func unreachable() async throws {
        let client = client(allowing: "127.0.0.1")
        #expect(await failure(of: "http://127.0.0.1:1/", client)?.code == .unavailable)
        #expect(await failure(of: "http://no-such-name.invalid/", client)?.code == .unavailable)
    }

    @Test("A cancelled request is dropped at once")
    func cancelled() async throws {
        try await ScriptedModelServer.withServer { server in
            let (asked, closed) = (ScriptedModelServer.Signal(), ScriptedModelServer.Signal())
            server.enqueue(
                .init { _, reply in
                    asked.fire()
                    try await reply.untilClosed()
                    closed.fire()
                })
            let client = client(allowing: "127.0.0.1")
            let request = request(server, timeout: .seconds(3_600))
            let call = Task { await failure(request, client) }
            await asked.wait()
            call.cancel()
            #expect(await call.value?.code == .cancelled)
            await closed.wait()
        }
    }

    @Test("URLs that are none, or that hold a password", arguments: [
        "", "127.0.0.1", "//127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "http:///", "http://a:b@example.com/", "http://exa mple.com/",
        "http://example.com\r\nHost: x/", "http://example.com:99999/", "http://exämple.com/%", "gopher://127.0.0.1/",
    ])
    func badURL(url: String) async {
        let error = await failure(of: url, client(allowing: "127.0.0.1", resolver: NameResolver { _ in [] }))
        // Names that are not ASCII may become ones that are; nobody has them here.
        #expect(error?.code == .invalidRequest || (url.contains("ä") && error?.code == .unavailable), "\(String(describing: error))")
        #expect(error?.message.contains("a:b") != true)
    }

    // MARK: -

    private func client(
        allowing exceptions: String..., resolver: NameResolver = .system()
    ) -> GuardedWebClient {
        GuardedWebClient(
            rules: AddressRules(exceptions: exceptions.compactMap { AddressRules.Exception($0) }), resolver: resolver,
            group: MultiThreadedEventLoopGroup.singleton)
    }

    private func request(
        _ server: ScriptedModelServer, method: WebMethod = .get, timeout: Duration = .seconds(30), maxBytes: Int = 1_000
    ) -> WebRequest {
        WebRequest(method: method, url: "http://127.0.0.1:\(server.port)/", timeout: timeout, maxBytes: maxBytes)
    }

    private func failure(of url: String, _ client: GuardedWebClient) async -> ProviderError? {
        await failure(WebRequest(method: .get, url: url, timeout: .seconds(30), maxBytes: 1_000), client)
    }

    private func failure(_ request: WebRequest, _ client: GuardedWebClient) async -> ProviderError? {
        do throws(ProviderError) {
            _ = try await client.send(request)
            return nil
        } catch {
            return error
        }
    }
}
