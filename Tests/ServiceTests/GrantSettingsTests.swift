import AsyncHTTPClient
import Foundation
import Logging
import Providers
import Service
import Testing
import Workflow

@Suite("Grants in a configuration")
struct GrantSettingsTests {
    private func read(_ yaml: String, environment: [String: String] = [:]) throws -> PressroomConfiguration {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-grants-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(yaml.utf8).write(to: directory.appendingPathComponent("own.yaml"))
        return try PressroomConfiguration(
            ConfigurationSources(environment: environment, configPath: "own.yaml", workingDirectory: directory.path))
    }

    @Test("Secrets, providers and addresses have their tenants; without a list they are everyone's")
    func values() throws {
        let configuration = try read(
            """
            secrets:
              ACME_KEY: {tenants: [acme, "two words"]}
              SHARED:
            providers:
              local: {kind: openai, base_url: "http://127.0.0.1:18082/v1", tenants: [acme]}
              slow: {kind: rehearsal}
            requests:
              allow:
                10.1.0.0/16: {tenants: [acme]}
                "intranet:8080": {}
            """)
        #expect(configuration.secrets == ["ACME_KEY": Grant(tenants: ["acme", "two words"]), "SHARED": .everyone])
        #expect(configuration.providers["local"]?.grant == Grant(tenants: ["acme"]))
        #expect(configuration.providers["slow"]?.grant == .everyone)
        let rules = AddressRules(exceptions: configuration.requests.allow)
        let inside = try #require(IPAddress("10.1.2.3"))
        #expect(rules.permit(inside, host: "a", port: 1, for: "acme") && !rules.permit(inside, host: "a", port: 1, for: "umbrella"))
        #expect(rules.permit(inside, host: "intranet", port: 8080, for: "umbrella"))
    }

    @Test("A list of addresses is everyone's, and a variable goes before the file")
    func lists() throws {
        let inside = try #require(IPAddress("10.1.2.3"))
        let list = try read("requests: {allow: [10.1.0.0/16]}")
        #expect(AddressRules(exceptions: list.requests.allow).permit(inside, host: "a", port: 1, for: "umbrella"))
        let other = try read(
            "requests: {allow: {10.1.0.0/16: {tenants: [acme]}}}", environment: ["PRESSROOM_REQUESTS_ALLOW": "10.2.0.0/16"])
        #expect(!AddressRules(exceptions: other.requests.allow).permit(inside, host: "a", port: 1, for: "acme"))
        #expect(other.requests.allow == ["10.2.0.0/16"].compactMap { AddressRules.Exception($0) })
    }

    @Test("A node knows its providers and the secrets of its environment; one that runs no steps leaves them to others")
    func nodes() throws {
        func grants(_ yaml: String, runsSteps: Bool) throws -> Grants {
            let configuration = try read(yaml)
            let environment = ["PRESSROOM_SECRET_KEY": "k", "PRESSROOM_SECRET_SHARED": "s", "PRESSROOM_SECRET_EMPTY": "", "OTHER": "o"]
            let registry = ProviderRegistry(
                configuration.providers, environment: environment, httpClient: HTTPClient.shared,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let all = configuration.grants(registry, environment)
            return runsSteps ? all : configuration.grantsWithoutSteps(all)
        }
        let granting = """
            secrets: {KEY: {tenants: [acme]}, ELSEWHERE: {tenants: [acme]}}
            providers: {own: {kind: rehearsal, tenants: [acme]}}
            requests: {allow: {10.1.0.0/16: {tenants: [acme]}}}
            """
        let full = try grants(granting, runsSteps: true)
        #expect(full.secrets(of: "acme") == ["KEY", "SHARED"] && full.secrets(of: "umbrella") == ["SHARED"])
        #expect(full.providers(of: "acme") == ["own", "rehearsal"] && full.providers(of: "umbrella") == ["rehearsal"])
        // Steps of another node may have the secret that is granted; to all others there is none.
        let without = try grants(granting, runsSteps: false)
        #expect(without.secrets(of: "acme") == ["ELSEWHERE", "KEY", "SHARED"] && without.secrets(of: "umbrella") == ["SHARED"])
        #expect(without.providers(of: "umbrella") == ["rehearsal"] && without.addresses != nil)
        let plain = try grants("requests: {allow: [10.1.0.0/16]}", runsSteps: false)
        #expect(plain.secrets == nil && plain.providers == nil && plain.addresses == nil)
        #expect(try grants("", runsSteps: true).secrets(of: "acme") == ["KEY", "SHARED"])
    }

    @Test("Mistakes are told, with their places")
    func mistakes() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try read(
                """
                secrets:
                  lower: {tenants: [acme]}
                  NONE: {tenants: []}
                  TEXT: acme
                  OTHER: {tenant: acme}
                  ONE: {tenants: acme}
                providers:
                  slow: {kind: rehearsal, tenants: acme}
                  fast: {kind: rehearsal, tenants: [""]}
                requests:
                  allow:
                    nowhere at all: {tenants: [acme]}
                """)
        }
        let problems = Set(error?.problems.map { "\($0.key) \($0.line ?? 0)" } ?? [])
        #expect(
            problems == [
                "secrets.lower 2", "secrets.NONE.tenants 3", "secrets.TEXT 4", "secrets.OTHER.tenant 5", "secrets.ONE.tenants 6",
                "providers.slow.tenants 8", "providers.fast.tenants 9", "requests.allow.nowhere at all 12",
            ])
    }
}
