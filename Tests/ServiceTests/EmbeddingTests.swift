import Base
import AsyncHTTPClient
import Client
import Foundation
import NIOCore
import Postgres
import Service
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import PressroomKit

/// The program of `docs/custom-kinds.md`, with a server that does nothing.
private struct Resize: CustomKind {
    let name = "shop.resize"

    struct Attributes: Codable, Sendable {
        var source: String
        var width: Int
        var quality: Int?
    }

    struct Output: Codable, Sendable {
        var url: String
        var width: Int
    }

    func problems(in attributes: Attributes) -> [AttributeProblem] {
        (1...4_096).contains(attributes.width) ? [] : [AttributeProblem("width", "must be from 1 to 4096")]
    }

    func run(_ attributes: Attributes, _ call: StepCall) async throws -> Output {
        let source = try call.render(attributes.source)
        guard source.hasPrefix("https://") else {
            throw StepError(code: "bad_source", message: "The source is no https URL.", isRetryable: false)
        }
        if call.attempt == 1 {
            throw StepError(code: "busy", message: "The server is busy.", isRetryable: true, retryAfter: .milliseconds(1))
        }
        return Output(url: "\(source)?w=\(attributes.width)&key=\(call.idempotencyKey)", width: attributes.width)
    }
}

/// Answers what it sees.
private struct Look: CustomKind {
    let name = "test.look"

    struct Input: Codable, Sendable {
        var topic: String
    }

    struct Output: Codable, Sendable {
        var topic: String
        var url: String?
        var missing: Bool
        var phase: String
        var user: String
    }

    func run(_ attributes: NoAttributes, _ call: StepCall) async throws -> Output {
        let small = try call.output(of: "small", as: Resize.Output.self)
        return Output(
            topic: try call.input(as: Input.self).topic, url: small?.url, missing: try call.output(of: "none", as: Resize.Output.self) == nil,
            phase: call.phase, user: call.userID)
    }
}

@Suite("A program that embeds the service", .limit(minutes: 5))
struct EmbeddingTests {
    private static func definition(_ phases: String...) -> String {
        """
        name: shop
        version: 1.0.0
        phases:
        \(phases.map { "  - {\($0)}" }.joined(separator: "\n"))
        """
    }

    @Test("Steps of its kinds go the whole way")
    func wholeWay() async throws {
        try await withNode(kinds: [Resize(), Look()]) { client, _ in
            _ = try await client.publishWorkflow(
                Self.definition(
                    #"id: small, kind: shop.resize, source: "https://a.example/{{topic}}", width: 320, retry: {initial: 1ms, max: 1ms}"#,
                    "id: look, kind: test.look"), as: .yaml)
            let input = Data((["topic": "cats"] as JSON).text.utf8)
            let task = try await client.startTask(TaskRequest(workflow: "shop", input: input)).id
            for try await event in client.events(of: task) where event.name == "end" { break }
            let state = try await client.taskState(task).document.json
            #expect(state["status"] == "completed")
            let step = try #require(state["steps"]?[0])
            #expect(step["kind"] == "custom" && step["attempt"] == 2)
            let url = "https://a.example/cats?w=320&key=\(step["id"]?.string ?? "")"
            #expect(state["phases"]?[0]?["output"] == ["url": .string(url), "width": 320])
            #expect(state["phases"]?[0]?["kind"] == "shop.resize")
            #expect(
                state["phases"]?[1]?["output"] == [
                    "topic": "cats", "url": .string(url), "missing": true, "phase": "look", "user": "local",
                ])
        }
    }

    @Test("Attributes are checked when the workflow is published", arguments: [
        ("id: it, kind: shop.resize, width: 3", "/phases/0/source", "is required"),
        ("id: it, kind: shop.resize, source: x, width: wide", "/phases/0/width", "must be a whole number"),
        ("id: it, kind: shop.resize, source: x, width: 0", "/phases/0/width", "must be from 1 to 4096"),
        ("id: it, kind: shop.resize, source: x, width: 1, heigth: 1", "/phases/0/heigth", "is not a known key"),
        ("id: it, kind: test.look, width: 1", "/phases/0/width", "is not a known key"),
        ("id: it, kind: shop.resise, source: x, width: 1", "/phases/0/kind", "did you mean 'shop.resize'?"),
    ])
    func attributes(phase: String, pointer: String, detail: String) throws {
        let kinds = try CustomKinds(registered: [Resize().registered, Look().registered])
        let error = #expect(throws: ProblemList.self) {
            try WorkflowDefinition.parse(Self.definition(phase), format: .yaml, customKinds: kinds)
        }
        #expect(error?.problems.map(\.pointer) == [pointer])
        #expect(error?.problems.first?.detail.contains(detail) == true, "\(String(describing: error))")
    }

    @Test("A service without the kinds refuses them")
    func unknown() async throws {
        try await withNode(kinds: []) { client, _ in
            let error = await #expect(throws: PressroomError.self) {
                try await client.publishWorkflow(Self.definition("id: it, kind: test.look"), as: .yaml)
            }
            #expect(error?.status == 422)
        }
    }

    @Test("Kinds with bad names, and two of one name, keep the node from starting")
    func badKinds() async throws {
        struct Named: CustomKind {
            let name: String
            func run(_ attributes: NoAttributes, _ call: StepCall) async throws -> Int { 1 }
        }
        for names in [["write"], ["A.b"], ["a.b", "a.b"]] {
            await #expect(throws: StartProblem.self, "\(names)") { try await Pressroom.serve(kinds: names.map { Named(name: $0) }) }
        }
        await #expect(throws: StartProblem.self) { try await Pressroom.serve(kinds: [], settings: ["http.prot": "1"]) }
    }

    /// Runs a node in this process while `body` runs.
    private func withNode(
        kinds: [any CustomKind], _ body: @escaping @Sendable (PressroomClient, Int) async throws -> Void
    ) async throws {
        let logger = try await PostgresServer.shared().logger
        try await withDatabase(migrated: true) { database in
            var configuration = PressroomConfiguration()
            configuration.http.port = 0
            configuration.database.url = try await connectionString(database)
            let (ports, running) = AsyncStream.makeStream(of: Int.self)
            let registered = kinds.map(\.registered)
            let node = Task { [configuration] in
                try await runService(configuration, customKinds: registered, logger: logger, signals: false) { address in
                    running.yield(address.port ?? 0)
                }
                running.finish()
            }
            let httpClient = HTTPClient()
            let result: Result<Void, any Error>
            do {
                try await within(.seconds(100), "the whole test") {
                    for await port in ports {
                        try await body(PressroomClient(baseURL: "http://127.0.0.1:\(port)", httpClient: httpClient), port)
                        return
                    }
                    throw StartProblem(description: "the node did not start")
                }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            node.cancel()
            _ = await node.result
            try? await httpClient.shutdown()
            try result.get()
        }
    }
}
