import Foundation
import Providers
import Service
import Testing
import Workflow

@Suite("Providers in a configuration")
struct ProviderSettingsTests {
    private func read(_ yaml: String) throws -> [String: ProviderConfiguration] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-providers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(yaml.utf8).write(to: directory.appendingPathComponent("own.yaml"))
        return try PressroomConfiguration(
            ConfigurationSources(environment: [:], configPath: "own.yaml", workingDirectory: directory.path)
        ).providers
    }

    private func problems(_ yaml: String) -> [String] {
        let error = #expect(throws: ConfigurationError.self) { try read(yaml) }
        return error?.problems.map { "\($0.key) \($0.detail)" } ?? []
    }

    @Test("Each attribute arrives")
    func attributes() throws {
        let providers = try read(
            """
            providers:
              local:  {kind: openai, base_url: "http://127.0.0.1:18082/v1", concurrency: 4, stall_timeout: 5s, max_bytes: 1MiB, omit: [seed, stream_options]}
              openai:
                kind: openai
                base_url: https://api.openai.com/v1
                api_key_env: OPENAI_API_KEY
                token_limit_field: max_completion_tokens
                first_token_timeout: 2m
                requests_per_minute: 500
                tokens_per_minute: 90000
                models: {gpt-5: {concurrency: 3, requests_per_minute: 60}, gpt-5-mini: {tokens_per_minute: 1000}}
              claude: {kind: anthropic, api_key_env: CLAUDE_KEY, max_tokens: 8192, prices: {claude-sonnet: {input: 3.0, output: 15}, org/b.1: {input: 0, output: 0.5}}}
              slow: {kind: rehearsal, tokens_per_second: 12.5, latency: 250ms, fail_rate: 0.1}
            """)
        var local = ProviderConfiguration.openai(baseURL: "http://127.0.0.1:18082/v1", concurrency: 4)
        local.stallTimeout = .seconds(5)
        local.maxBytes = 1 << 20
        local.omitted = [.seed, .streamOptions]
        var openai = ProviderConfiguration.openai(baseURL: "https://api.openai.com/v1", apiKeyEnv: "OPENAI_API_KEY")
        openai.tokenLimitField = .maxCompletionTokens
        openai.firstTokenTimeout = .seconds(120)
        openai.limits = ModelLimits(requestsPerMinute: 500, tokensPerMinute: 90_000)
        openai.modelLimits = [
            "gpt-5": ModelLimits(concurrency: 3, requestsPerMinute: 60), "gpt-5-mini": ModelLimits(tokensPerMinute: 1_000),
        ]
        let slow = ProviderConfiguration.rehearsal(
            RehearsalOptions(tokensPerSecond: 12.5, latency: .milliseconds(250), failRate: 0.1))
        var claude = ProviderConfiguration.anthropic(apiKeyEnv: "CLAUDE_KEY")
        claude.maxTokens = 8_192
        claude.prices = ["claude-sonnet": TokenPrice(input: 3, output: 15), "org/b.1": TokenPrice(input: 0, output: 0.5)]
        #expect(providers == ["local": local, "openai": openai, "slow": slow, "claude": claude])
    }

    @Test("Mistakes are named", arguments: [
        ("providers: {a: {kind: llama}}", "providers.a.kind must be anthropic or openai or rehearsal, not 'llama'"),
        ("providers: {a: {base_url: \"http://x\"}}", "providers.a.kind is required: anthropic or openai or rehearsal"),
        ("providers: {a: {kind: anthropic, base_url: x}}", "providers.a.base_url must be a URL that begins with http:// or https://, not 'x'"),
        ("providers: {a: {kind: anthropic, max_tokens: 0}}", "providers.a.max_tokens must be a whole number of 1…1000000, not '0'"),
        ("providers: {a: {kind: openai}}", "providers.a.base_url is required"),
        (
            "providers: {a: {kind: anthropic, omit: seed}}", "providers.a.omit must be a list of tools, temperature, such as [tools]"
        ),
        (
            "providers: {a: {kind: openai, base_url: 'http://x', omit: [seed, model]}}",
            "providers.a.omit has 'model', which is none of seed, stream_options, response_format, temperature"
        ),
        (
            "providers: {a: {kind: openai, base_url: 'http://x', max_bytes: 5}}",
            "providers.a.max_bytes must be a size such as 65536, 64KiB or 1MiB, of 1KiB…1GiB, not '5'"
        ),
        ("providers: {A b: {kind: rehearsal}}", "providers.A b is no name of a provider; use a-z, 0-9, '_' and '-'"),
        ("providers: {a: 3}", "providers.a must be a mapping such as {kind: openai, base_url: …}"),
        ("providers: [a]", "providers must be a mapping of names to providers"),
        (
            "providers: {a: {kind: rehearsal, requests_per_minute: 0}}",
            "providers.a.requests_per_minute must be a whole number above 0, not '0'"
        ),
        (
            "providers: {a: {kind: rehearsal, models: {m: {tokens_per_minute: many}}}}",
            "providers.a.models.m.tokens_per_minute must be a whole number above 0, not 'many'"
        ),
        ("providers: {a: {kind: rehearsal, models: {m: 3}}}", "providers.a.models.m must be a mapping such as {requests_per_minute: 60}"),
        (
            "providers: {a: {kind: rehearsal, models: [m]}}",
            "providers.a.models must be a mapping of models to limits such as {small: {requests_per_minute: 60}}"
        ),
        ("providers: {a: {kind: rehearsal, models: {a b: {concurrency: 1}}}}", "providers.a.models.a b is no name of a model"),
        (
            "providers: {a: {kind: rehearsal, models: {m: {speed: 1}}}}",
            "providers.a.models.m.speed is not a known key; known are concurrency, requests_per_minute, tokens_per_minute"
        ),
        ("providers: {a: {kind: rehearsal, prices: {m: {input: 1}}}}", "providers.a.prices.m.output is required"),
        ("providers: {a: {kind: rehearsal, prices: {m: 3}}}", "providers.a.prices.m must be a mapping such as {input: 0.5, output: 2}"),
        (
            "providers: {a: {kind: rehearsal, prices: 3}}",
            "providers.a.prices must be a mapping of models to prices such as {small: {input: 0.5, output: 2}}"
        ),
        (
            "providers: {a: {kind: rehearsal, prices: {m: {input: -1, output: 1}}}}",
            "providers.a.prices.m.input must be a number of 0…1000000, not '-1'"
        ),
        (
            "providers: {a: {kind: rehearsal, prices: {m: {input: 1, output: 1, cached: 1}}}}",
            "providers.a.prices.m.cached is not a known key; known are input, output"
        ),
        ("providers: {a: {kind: rehearsal, fail_rate: 2}}", "providers.a.fail_rate must be a number of 0…1, not '2'"),
        ("providers: {a: {kind: rehearsal, concurrency: 0}}", "providers.a.concurrency must be a whole number above 0, not '0'"),
        (
            "providers: {a: {kind: openai, base_url: localhost}}",
            "providers.a.base_url must be a URL that begins with http:// or https://, not 'localhost'"
        ),
    ])
    func mistakes(yaml: String, problem: String) {
        #expect(problems(yaml) == [problem])
    }

    @Test("A key never shows in an error")
    func secret() {
        #expect(problems("providers: {a: {kind: openai, base_url: x, api_key: '  '}}").allSatisfy { !$0.contains("'  '") })
    }
}
