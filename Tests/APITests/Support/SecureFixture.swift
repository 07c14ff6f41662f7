import Base
import API
import AsyncHTTPClient
import Broadcast
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Postgres
import TestSupport
import Testing
import Workflow

/// A service with TLS whose log is followed, and a client with one connection to it.
struct SecureFixture: Sendable {
    let api: APIFixture
    let client: HTTPClient
    let task: String
    let certificate: TestCertificate

    static func with(
        http1Only: Bool = false, configure: @escaping @Sendable (inout APIConfiguration) -> Void = { _ in },
        hub: HubConfiguration = HubConfiguration(), _ body: @escaping @Sendable (SecureFixture) async throws -> Void
    ) async throws {
        try await TestCertificate.with { files in
            let certificate = try ServerCertificate(certificateFile: files.certificate, keyFile: files.key)
            try await APIFixture.with(
                configure: {
                    configure(&$0)
                    $0.certificate = certificate
                }, hub: hub
            ) { api in
                var configuration = HTTPClient.Configuration(tlsConfiguration: .makeClientConfiguration())
                configuration.tlsConfiguration?.certificateVerification = .none
                if http1Only { configuration.httpVersion = .http1Only }
                let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
                let result: Result<Void, any Error>
                do {
                    result = .success(try await run(api, client, files, body))
                } catch {
                    result = .failure(error)
                }
                try await client.shutdown()
                try result.get()
            }
        }
    }

    private static func run(
        _ api: APIFixture, _ client: HTTPClient, _ files: TestCertificate,
        _ run: @escaping @Sendable (SecureFixture) async throws -> Void
    ) async throws {
        var tailing = TailerConfiguration()
        tailing.pollInterval = .milliseconds(10)
        let logger = Logger(label: "api-tests") { _ in SwiftLogNoOpLogHandler() }
        let tailer = Tailer(store: api.store, feed: api.feed, configuration: tailing, logger: logger)
        let workflow = YAML.workflow()
        let published = try await execute(
            client, api.port, "/api/v1/workflows", .POST, ["content-type": workflow.mediaType], .bytes(workflow.bytes))
        #expect(published.status == .created)
        let body: JSON = ["workflow": "launch", "input": ["topic": "tea"]]
        let started = try await execute(
            client, api.port, "/api/v1/tasks", .POST, ["content-type": body.mediaType], .bytes(body.bytes))
        let text = try await started.text()
        let id = try #require(JSON(parsing: text)["task_id"]?.string, "\(text)")
        let fixture = SecureFixture(api: api, client: client, task: id, certificate: files)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await tailer.run() }
            try await run(fixture)
            group.cancelAll()
        }
    }

    func open(
        _ path: String, method: HTTPMethod = .GET, headers: HTTPHeaders = ["accept": "text/event-stream"],
        body: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        try await Self.execute(client, api.port, path, method, headers, body)
    }

    private static func execute(
        _ client: HTTPClient, _ port: Int, _ path: String, _ method: HTTPMethod, _ headers: HTTPHeaders,
        _ body: HTTPClientRequest.Body?
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(path)")
        request.method = method
        request.headers = headers
        request.body = body
        return try await client.execute(request, timeout: .seconds(60))
    }

    /// Changes the task; each change is an event with a text of so many bytes.
    func publish(_ count: Int, bytes: Int = 100) async throws {
        for number in 0..<count {
            _ = try await api.client.query(
                """
                UPDATE pressroom.tasks SET result = jsonb_build_object('n', \(number)::int, 'x', repeat('x', \(bytes)::int))
                 WHERE task_id = \(task)::uuid
                """)
        }
    }
}

extension HTTPClientResponse {
    /// The positions of the events of a stream, up to so many of them.
    ///
    /// - Parameter onEvent: called after each of them.
    func positions(_ count: Int, onEvent: () async throws -> Void = {}) async throws -> [Int64] {
        var positions: [Int64] = []
        var text = ""
        for try await bytes in body {
            text += String(buffer: bytes)
            // A block is whole with its blank line.
            while let end = text.range(of: "\n\n") {
                let block = text[..<end.lowerBound]
                text = String(text[end.upperBound...])
                guard block.contains("event: task_updated"), let id = block.firstMatch(of: /id: [^.\n]*\.(\d+)/) else { continue }
                positions.append(Int64(id.1) ?? 0)
                if positions.count == count { return positions }
                try await onEvent()
            }
        }
        return positions
    }

    func text() async throws -> String {
        String(buffer: try await body.collect(upTo: 1 << 24))
    }
}
