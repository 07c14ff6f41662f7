import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

/// Grants when a step runs: they may have been taken away since the workflow was published.
@Suite("Grants at run time", .limit(minutes: 3))
struct RunTimeGrantTests {
    private static let granted = Grants(
        providers: ["test": .everyone, "acme-gpt": Grant(tenants: ["acme"])],
        secrets: ["KEY": Grant(tenants: ["acme"]), "SHARED": .everyone])

    private static func draft(_ models: String) -> String {
        """
        name: draft
        version: 1.0.0
        agents: {warm: {role: writer, model: \(models)}}
        phases: [{id: write, kind: write, agents: [warm], prompt: Go, retry: {max_attempts: 3, initial: 1ms}}]
        """
    }

    private static let post = """
        name: post
        version: 1.0.0
        phases: [{id: send, kind: http, url: "https://a.example/?k={{secret.KEY}}", retry: {max_attempts: 3, initial: 1ms}}]
        """

    private func run(
        _ yaml: String, _ services: StepServices, _ check: (_ newsroom: Newsroom, _ error: JSON) async throws -> Void
    ) async throws {
        try await withNewsroom { newsroom in
            let runner = StepRunner(services: services, texts: TextsInProgress { _ in }, logger: newsroom.logger)
            let bench = try await Workbench(newsroom, yaml, runner: runner)
            try await bench.finish()
            #expect(try await bench.text("SELECT string_agg(DISTINCT attempt::text, ',') FROM pressroom.steps") == "1")
            #expect(try await newsroom.status(bench.taskID) == "failed")
            try await check(newsroom, try JSON(parsing: try await bench.text("SELECT coalesce(error, '{}')::text FROM pressroom.steps")))
        }
    }

    @Test("A secret that the tenant was not granted is as unknown as one that does not exist, and nothing is sent")
    func secrets() async throws {
        let web = ScriptedWebClient { _ in WebResponse(status: 200) }
        let model: ModelLookup = { _ in ScriptedModel { $0.soundAnswer } }
        var texts: Set<String> = []
        for value in ["s3cr3t", nil] {
            let services = StepServices(models: model, web: web, secrets: { $0 == "KEY" ? value : nil }, grants: Self.granted)
            try await run(Self.post, services) { newsroom, error in
                #expect(error["code"] == "unknown_secret" && error["retryable"] == false)
                texts.insert(error["message"]?.string ?? "")
                for table in ["tasks", "steps", "events"] {
                    let rows = try await newsroom.client.query("SELECT string_agg(r::text, ' ') FROM pressroom.\(identifier: table) r")
                    #expect(try rows[0].decode(0, as: String?.self)?.contains("s3cr3t") != true)
                }
            }
        }
        #expect(web.requests.isEmpty && texts.count == 1)
    }

    @Test("A model of a provider that the tenant was not granted is not asked, neither first nor as a fallback", arguments: [
        "acme-gpt/large", "[acme-gpt/large, test/x]",
    ])
    func models(names: String) async throws {
        let asked = Mutex<[String]>([])
        let services = StepServices(
            models: { name in
                asked.withLock { $0.append("\(name)") }
                return ScriptedModel { $0.soundAnswer }
            }, grants: Self.granted)
        try await run(Self.draft(names), services) { _, error in
            #expect(error["code"] == "unknown_model" && error["retryable"] == false)
            #expect(error["message"]?.string?.contains("configured are test") == true)
        }
        #expect(asked.withLock { $0 } == [])
    }

    @Test("A request says whose it is, so that it goes where that tenant may go")
    func addresses() async throws {
        let web = ScriptedWebClient { _ in WebResponse(status: 404) }
        let services = StepServices(models: { _ in ScriptedModel { $0.soundAnswer } }, web: web, secrets: { _ in "x" })
        try await run(Self.post, services) { _, error in #expect(error["code"] == "http_status") }
        #expect(web.requests.map(\.tenantID) == ["default"])
    }

    @Test("A grant is the tenant's own: another one is asked")
    func ownTenant() async throws {
        let services = StepServices(models: { _ in ScriptedModel { $0.soundAnswer } }, secrets: { _ in "s3cr3t" }, grants: Self.granted)
        #expect(services.secrets(of: "acme")("KEY") == "s3cr3t" && services.secrets(of: "umbrella")("KEY") == nil)
        let name = try #require(ModelName("acme-gpt/large"))
        _ = try services.models(of: "acme")(name)
        #expect(throws: ProviderError.self) { try services.models(of: "umbrella")(name) }
    }
}
