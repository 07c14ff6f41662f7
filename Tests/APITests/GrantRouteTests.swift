import Access
import Base
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

@testable import API

/// Publishing what names secrets, providers and addresses that are granted to one of two tenants.
@Suite struct GrantRouteTests {
    private static let text = """
        name: post
        version: 1.0.0
        agents: {warm: {role: writer, model: acme-gpt/large}}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: Go}
          - {id: send, kind: http, url: "http://10.1.2.3/", headers: {Authorization: "Bearer {{secret.ACME_KEY}}"}}
        """

    private func grants(named: Bool) throws -> Grants {
        let acme = Grant(tenants: ["acme"])
        var inside = try #require(AddressRules.Exception("10.1.0.0/16"))
        inside.grant = acme
        return Grants(
            providers: ["rehearsal": .everyone].merging(named ? ["acme-gpt": acme] : [:]) { $1 },
            secrets: named ? ["ACME_KEY": acme] : [:], addresses: AddressRules(exceptions: named ? [inside] : []))
    }

    /// What each tenant is told when it validates and publishes.
    private func answers(_ grants: Grants) async throws -> [String: [Answer]] {
        let collected = collected
        try await APIFixture.with(configure: {
            $0.authentication = .required
            $0.grants = grants
        }) { api in
            for tenant in ["acme", "umbrella"] {
                _ = try await api.store.createTenant(tenant)
                let key = APIKey()
                _ = try await api.store.createAPIKey(
                    Scope(tenantID: tenant, userID: "root"),
                    NewAPIKey(
                        name: "k", keyID: key.keyID, secretHash: key.secretHash, userID: "ada", groups: [], scopes: [.read, .write],
                        workspaceID: nil, expiresAt: nil))
                for path in ["/api/v1/workflows/validate", "/api/v1/workflows"] {
                    let answer = try await api.send(
                        .POST, path, YAML(text: Self.text), headers: ["authorization": "Bearer \(key.text)"])
                    await collected.add(tenant, answer)
                }
            }
            let rows = try await api.client.query("SELECT DISTINCT tenant_id FROM pressroom.workflows")
            await collected.note(try rows.map { try $0.decode(0, as: String.self) })
        }
        return await collected.answers
    }

    private let collected = Collected()

    private actor Collected {
        private(set) var answers: [String: [Answer]] = [:]
        private(set) var publishers: [String] = []

        func add(_ tenant: String, _ answer: Answer) { answers[tenant, default: []].append(answer) }
        func note(_ tenants: [String]) { publishers = tenants }
    }

    @Test func onlyTheTenantThatWasGrantedMayNameIt() async throws {
        let answers = try await self.answers(try grants(named: true))
        #expect(answers["acme"]?.map(\.status) == [200, 201] && answers["acme"]?.first?.json["valid"] == true)
        #expect(answers["umbrella"]?.map(\.status) == [200, 422] && answers["umbrella"]?.first?.json["valid"] == false)
        #expect(await collected.publishers == ["acme"])
        let places = Set(answers["umbrella"]?.last?.pointers ?? [])
        #expect(places == ["/agents/warm/model", "/phases/1/headers/Authorization", "/phases/1/url"])
    }

    /// What is granted to another tenant is told apart in nothing from what does not exist.
    @Test func theTextIsThatForWhatDoesNotExist() async throws {
        let granted = try await answers(try grants(named: true))["umbrella"]?.map(\.text)
        let unknown = try await GrantRouteTests().answers(try grants(named: false))["umbrella"]?.map(\.text)
        #expect(granted != nil && granted == unknown)
    }
}
