import Base
import Testing

@testable import Workflow

@Suite("What is granted to tenants")
struct GrantTests {
    private static let definition = """
        name: post
        version: 1.0.0
        input: {type: object, properties: {host: {type: string}}}
        agents:
          warm: {role: writer, model: [rehearsal/warm, acme-gpt/large]}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: Go}
          - id: send
            kind: http
            method: POST
            url: "http://10.1.2.3:9000/{{input.host}}?k={{secret.ACME_URL}}"
            headers: {X-Key: {secret: ACME_KEY}, Authorization: "Bearer {{secret.ACME_TOKEN}}"}
            body: {deep: [{text: "{{secret.ACME_BODY}} {{secret.SHARED}}"}]}
        """

    private static let names = ["ACME_URL", "ACME_KEY", "ACME_TOKEN", "ACME_BODY"]

    private func grants(_ acme: Grant?) throws -> Grants {
        var allowed = try #require(AddressRules.Exception("10.1.0.0/16:9000"))
        allowed.grant = acme ?? .everyone
        let own = acme.map { grant in Dictionary(uniqueKeysWithValues: Self.names.map { ($0, grant) }) } ?? [:]
        return Grants(
            providers: ["rehearsal": .everyone].merging(acme.map { ["acme-gpt": $0] } ?? [:]) { $1 },
            secrets: own.merging(["SHARED": .everyone]) { $1 },
            addresses: AddressRules(exceptions: acme == nil ? [] : [allowed]))
    }

    @Test("A definition that names what its tenant was not granted is refused, with the text for what does not exist")
    func definitions() throws {
        let definition = try WorkflowDefinition.parse(Self.definition, format: .yaml)
        let granted = try grants(Grant(tenants: ["acme"]))
        #expect(definition.problems(granted, for: "acme") == [])
        let others = definition.problems(granted, for: "umbrella").map { "\($0)" }
        #expect(
            others == [
                "/agents/warm/model/1 names the provider 'acme-gpt', which this service does not have; it has rehearsal",
                "/phases/1/headers/X-Key names the secret 'ACME_KEY', which this service does not have",
                "/phases/1/url names the secret 'ACME_URL', which this service does not have",
                "/phases/1/headers/Authorization names the secret 'ACME_TOKEN', which this service does not have",
                "/phases/1/body/deep/0/text names the secret 'ACME_BODY', which this service does not have",
                "/phases/1/url names the address 10.1.2.3, which is not public; to permit it, see requests.allow in the configuration",
            ])
        #expect(definition.problems(try grants(nil), for: "umbrella").map { "\($0)" } == others)
        // What a node does not know, it leaves to others.
        #expect(definition.problems(Grants(), for: "umbrella") == [])
    }

    @Test("A hint names nothing that the tenant was not granted")
    func hints() throws {
        let text = Self.definition.replacing("ACME_KEY", with: "ACME_KEYS").replacing("acme-gpt/", with: "acme-gpd/")
        let definition = try WorkflowDefinition.parse(text, format: .yaml)
        let granted = try grants(Grant(tenants: ["acme"]))
        let own = definition.problems(granted, for: "acme").map(\.detail).joined(separator: " ")
        #expect(own.contains("did you mean 'ACME_KEY'?") && own.contains("did you mean 'acme-gpt'?"))
        let others = definition.problems(granted, for: "umbrella").map(\.detail).joined(separator: " ")
        #expect(!others.contains("did you mean") && !others.contains("acme-gpt"))
    }

    @Test("Addresses are judged where the URL names them, in every form", arguments: [
        ("http://10.1.2.3:9000/", true), ("HTTP://10.1.2.3/", false), ("http://127.0.0.1/", false), ("http://[::1]:9000/x", false),
        ("http://8.8.8.8/", true), ("https://intranet/", true), ("http://{{input.host}}/10.1.2.3", true), ("{{input.host}}", true),
        ("http://10.1.2.3:{{input.host}}/", true),
    ])
    func addresses(url: String, isTaken: Bool) throws {
        let definition = try WorkflowDefinition.parse(
            """
            name: post
            version: 1.0.0
            input: {type: object, properties: {host: {type: string}}}
            phases: [{id: send, kind: http, url: "\(url)"}]
            """, format: .yaml)
        let granted = try grants(Grant(tenants: ["acme"]))
        #expect(definition.problems(granted, for: "acme").isEmpty == isTaken)
    }

    @Test("At run time a model of a provider that is not granted is an unknown one")
    func models() throws {
        let granted = try grants(Grant(tenants: ["acme"]))
        let model = try #require(ModelName("acme-gpt/large"))
        try granted.check(model, for: "acme")
        let nowhere = try #require(ModelName("nowhere/large"))
        for (name, tenant) in [(model, "umbrella"), (nowhere, "umbrella"), (nowhere, "acme")] {
            do throws(ProviderError) {
                try granted.check(name, for: tenant)
                Issue.record("\(name) for \(tenant)")
            } catch {
                #expect(error.code == .unknownModel && !error.isRetryable)
                #expect(tenant == "acme" || error.message == "no provider is named \(name.provider); configured are rehearsal")
            }
        }
        #expect(granted.permit(secret: "ACME_KEY", for: "acme") && !granted.permit(secret: "ACME_KEY", for: "umbrella"))
        #expect(!granted.permit(secret: "NONE", for: "acme") && Grants().permit(secret: "NONE", for: "acme"))
    }

    @Test("An address that is granted to a tenant is no other's, and not that of a request without a tenant")
    func exceptions() throws {
        var exception = try #require(AddressRules.Exception("127.0.0.1"))
        exception.grant = Grant(tenants: ["acme"])
        let address = try #require(IPAddress("127.0.0.1"))
        let rules = AddressRules(exceptions: [exception])
        #expect(rules.permit(address, host: "a", port: 80, for: "acme"))
        #expect(!rules.permit(address, host: "a", port: 80, for: "umbrella") && !rules.permit(address, host: "a", port: 80))
    }
}
