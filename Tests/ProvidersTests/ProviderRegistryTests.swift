import Base
import TestSupport
import Testing
import Workflow

@testable import Providers

@Suite("Provider registry", .limit(minutes: 2))
struct ProviderRegistryTests {
    private func withRegistry(
        _ configurations: [String: ProviderConfiguration], environment: [String: String] = [:],
        _ body: (ProviderRegistry) async throws -> Void
    ) async throws {
        try await withHTTPClient { client in
            try await body(
                ProviderRegistry(configurations, environment: environment, httpClient: client, logger: quiet))
        }
    }

    private func model(_ name: String) throws -> ModelName {
        try #require(ModelName(name))
    }

    @Test("has the rehearsal without being told")
    func rehearsalIsBuiltIn() async throws {
        try await withRegistry([:]) { registry in
            #expect(registry.names == ["rehearsal"])
            let found = try registry.model(for: model("rehearsal/anything"))
            #expect(found is RehearsalModel)
            let check = await registry.check("rehearsal")
            #expect(check.status == .reachable)
            #expect(check.kind == .rehearsal)
        }
    }

    @Test("lets the configuration replace the rehearsal")
    func rehearsalIsReplaced() async throws {
        try await withRegistry(["rehearsal": .rehearsal(RehearsalOptions(failRate: 1), concurrency: 2)]) { registry in
            #expect(registry.limits == ["rehearsal": ModelLimits(concurrency: 2)])
            let error = await (try registry.model(for: model("rehearsal/judge"))).failure()
            #expect(error?.code == .unavailable)
        }
    }

    @Test("names the configured providers when it is asked for another")
    func unknownProvider() async throws {
        try await withRegistry(["local": .openai(baseURL: "http://127.0.0.1:9/v1")]) { registry in
            #expect {
                _ = try registry.model(for: model("opnai/gpt"))
            } throws: { error in
                guard let error = error as? ProviderError else { return false }
                return error.code == .unknownModel && error.message.contains("local, rehearsal")
                    && error.message.contains("opnai")
            }
            #expect(registry.limits.isEmpty)
            #expect(await registry.check("opnai").isUsable == false)
        }
    }

    @Test("takes the key from the environment")
    func keyFromEnvironment() async throws {
        try await ScriptedModelServer.withServer { server in
            let configuration = ["cloud": ProviderConfiguration.openai(baseURL: server.baseURL + "/", apiKeyEnv: "CLOUD_KEY")]
            try await withRegistry(configuration, environment: ["CLOUD_KEY": "sk-1"]) { registry in
                _ = try await registry.model(for: model("cloud/scripted")).answer()
                #expect(server.requests.first?.headers["authorization"] == "Bearer sk-1")
                #expect(server.requests.first?.path == "/v1/chat/completions")
            }
        }
    }

    @Test("asks anthropic in its own way, with its own address where none is given")
    func anthropic() async throws {
        try await ScriptedModelServer.withServer { server in
            let configuration = ["claude": ProviderConfiguration.anthropic(baseURL: server.baseURL, apiKeyEnv: "CLAUDE_KEY", concurrency: 3)]
            try await withRegistry(configuration, environment: ["CLAUDE_KEY": "sk-2"]) { registry in
                _ = try await registry.model(for: model("claude/sonnet")).answer()
                let check = await registry.check("claude")
                #expect(check.status == .reachable && check.kind == .anthropic && check.models == ["scripted"])
                #expect(server.requests.map(\.path) == ["/v1/messages", "/v1/models?limit=1000"])
                #expect(server.requests.allSatisfy { $0.headers["x-api-key"] == "sk-2" && $0.headers["anthropic-version"] != nil })
                #expect(registry.limits == ["claude": ModelLimits(concurrency: 3)])
            }
            server.answerAlways(with: .error(401, type: "authentication_error", message: "invalid x-api-key"))
            try await withRegistry(["claude": .anthropic(baseURL: server.baseURL)]) { registry in
                let check = await registry.check("claude")
                #expect(!check.isUsable)
                #expect(check.summary.contains("invalid x-api-key; set api_key_env to a variable that holds a valid key"))
            }
        }
        try await withRegistry(["claude": .anthropic()]) { registry in
            let provider = try registry.provider("claude")
            #expect(provider.server?.baseURL == "https://api.anthropic.com/v1")
        }
    }

    @Test("says what an answer costs, where the model has a price")
    func prices() async throws {
        try await ScriptedModelServer.withServer { server in
            server.answerAlways(
                with: .events([
                    ScriptedModelServer.chunk("One", finish: "stop"), ScriptedModelServer.usageChunk(prompt: 1_000, completion: 200), "[DONE]",
                ]))
            var configuration = ProviderConfiguration.openai(baseURL: server.baseURL)
            configuration.prices = ["org/small": TokenPrice(input: 0.15, output: 0.6), "free": TokenPrice(input: 0, output: 0)]
            try await withRegistry(["cloud": configuration]) { registry in
                func cost(_ name: String) async throws -> Double? {
                    try await registry.model(for: model("cloud/\(name)")).answer().usage.cost
                }
                let costs = [try await cost("org/small"), try await cost("free"), try await cost("other")]
                #expect(costs == [0.00027, 0, nil])
                // No tokens counted: no cost made up.
                server.answerAlways(with: .events([ScriptedModelServer.chunk("One", finish: "stop"), "[DONE]"]))
                let unknown = try await cost("org/small")
                #expect(unknown == nil)
            }
        }
    }

    @Test("says which variable lacks the key", arguments: [[:], ["CLOUD_KEY": " "]])
    func missingKey(environment: [String: String]) async throws {
        let configuration = ["cloud": ProviderConfiguration.openai(baseURL: "http://127.0.0.1:9/v1", apiKeyEnv: "CLOUD_KEY")]
        try await withRegistry(configuration, environment: environment) { registry in
            #expect {
                _ = try registry.model(for: model("cloud/x"))
            } throws: {
                ($0 as? ProviderError)?.code == .unauthorized && "\($0)".contains("CLOUD_KEY")
            }
            #expect(await registry.check("cloud").summary.contains("CLOUD_KEY"))
        }
    }

    @Test("refuses an address that is none", arguments: [nil, "", "127.0.0.1:80", "ftp://127.0.0.1"])
    func badAddress(baseURL: String?) async throws {
        var configuration = ProviderConfiguration(kind: .openai)
        configuration.baseURL = baseURL
        try await withRegistry(["local": configuration]) { registry in
            #expect {
                _ = try registry.model(for: model("local/x"))
            } throws: {
                ($0 as? ProviderError)?.code == .invalidRequest
            }
        }
    }

    @Test("checks a server by its list of models")
    func checkReachable() async throws {
        try await ScriptedModelServer.withServer { server in
            try await withRegistry(["local": .openai(baseURL: server.baseURL)]) { registry in
                let check = await registry.check("local")
                #expect(check.status == .reachable)
                #expect(check.models == ["scripted"])
                #expect(check.summary == "offers 1 model")
                #expect(server.requests.map(\.path) == ["/v1/models"])
            }
        }
    }

    @Test("finds a server without such a list usable", arguments: [
        ScriptedModelServer.Script.status(404), .status(200, body: "fine"), .status(200, body: "{}"),
    ])
    func checkWithoutModels(script: ScriptedModelServer.Script) async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(script)
            try await withRegistry(["local": .openai(baseURL: server.baseURL)]) { registry in
                let check = await registry.check("local")
                #expect(check.status == .reachableWithoutModels)
                #expect(check.isUsable)
            }
        }
    }

    @Test("finds out what is wrong with a server", arguments: [
        (ScriptedModelServer.Script.error(401, message: "Incorrect API key: sk-secret"), .unauthorized),
        (.error(503), .unavailable), (.hang(), .timeout), (.nonsense(), .invalidResponse),
    ] as [(ScriptedModelServer.Script, ProviderError.Code)])
    func checkUnusable(script: ScriptedModelServer.Script, code: ProviderError.Code) async throws {
        try await ScriptedModelServer.withServer { server in
            server.enqueue(script)
            let configuration = ProviderConfiguration.openai(baseURL: server.baseURL, apiKey: APIKey("sk-secret"))
            try await withRegistry(["local": configuration]) { registry in
                let check = await registry.check("local", timeout: code == .timeout ? .milliseconds(100) : .seconds(30))
                guard case .unusable(let error) = check.status else {
                    Issue.record("usable: \(check)")
                    return
                }
                #expect(error.code == code)
                #expect(!check.summary.contains("sk-secret"))
            }
        }
    }
}
