import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Access

/// Credentials against their rows.
@Suite struct AuthenticatorTests {
    private struct Fixture {
        let store: Store
        let client: PostgresClient
        let authenticator: Authenticator
        let scope = Scope(tenantID: "acme", userID: "root", actor: "operator:root")

        func key(
            _ scopes: [AccessScope] = [.read, .write], groups: [String] = [], expiresAt: Date? = nil
        ) async throws -> APIKey {
            let key = APIKey()
            _ = try await store.createAPIKey(
                scope,
                NewAPIKey(
                    name: "k", keyID: key.keyID, secretHash: key.secretHash, userID: "ada", groups: groups, scopes: scopes,
                    workspaceID: nil, expiresAt: expiresAt))
            return key
        }

        func refusal(_ body: () async throws -> Principal) async throws -> CredentialError? {
            do {
                _ = try await body()
                return nil
            } catch let error as CredentialError {
                return error
            }
        }
    }

    private func withAuthenticator(
        _ change: (inout AccessConfiguration) -> Void = { _ in }, _ body: @escaping @Sendable (Fixture) async throws -> Void
    ) async throws {
        var configuration = AccessConfiguration()
        configuration.maxAge = .zero
        change(&configuration)
        let access = configuration
        try await withPostgresClient(migrated: true) { client in
            let store = Store(database: client)
            _ = try await store.createTenant("acme")
            try await body(
                Fixture(store: store, client: client, authenticator: Authenticator(store: store, configuration: access)))
        }
    }

    @Test func aKeyIsItsUserUntilItIsRevoked() async throws {
        try await withAuthenticator { fixture in
            let key = try await fixture.key(groups: ["editors"])
            let principal = try await fixture.authenticator.principal(bearer: key.text)
            #expect(principal.tenantID == "acme" && principal.userID == "ada" && principal.groups == ["editors"])
            #expect(principal.scopes == [.read, .write] && principal.keyID == key.keyID && !principal.isTenantSuspended)

            let forged = "prk_\(key.keyID)_" + String(repeating: "0", count: 64)
            let guess = try await fixture.refusal { try await fixture.authenticator.principal(bearer: forged) }
            let unknown = try await fixture.refusal { try await fixture.authenticator.principal(bearer: APIKey().text) }
            #expect(guess == unknown, "a wrong secret tells nothing of the key")

            let session = try await fixture.authenticator.session(for: principal)
            let ticket = try await fixture.authenticator.ticket(
                for: principal, TicketLimits(workflow: "w"), age: 60)
            #expect(try await fixture.authenticator.principal(session: session.text).scopes == [.read, .write])
            let opened = try await fixture.authenticator.principal(ticket: ticket.text)
            #expect(opened.scopes == [.stream] && opened.ticket == TicketLimits(workflow: "w") && !opened.has(.read))
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(session: ticket.text) } != nil)
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(bearer: session.text) } != nil)

            // By hand: what was made with the key ends with it.
            _ = try await fixture.client.query("UPDATE pressroom.api_keys SET revoked_at = now() WHERE key_id = \(key.keyID)")
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(bearer: key.text) } == .revoked)
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(session: session.text) } == .revoked)
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(ticket: ticket.text) } == .revoked)
            #expect(try await fixture.refusal { try await fixture.authenticator.check(principal) } == .revoked)
            await #expect(throws: PostgresError.self) {
                _ = try await fixture.client.query("UPDATE pressroom.api_keys SET revoked_at = NULL")
            }
        }
    }

    @Test func aSessionThatIsSignedOutOfHasEndedEverywhere() async throws {
        try await withAuthenticator { fixture in
            let key = try await fixture.key()
            let principal = try await fixture.authenticator.principal(bearer: key.text)
            let session = try await fixture.authenticator.session(for: principal)
            let other = try await fixture.authenticator.session(for: principal)
            let inSession = try await fixture.authenticator.principal(session: session.text)
            let renewed = try await fixture.authenticator.session(for: inSession)
            let ticket = try await fixture.authenticator.ticket(for: inSession, TicketLimits(workflow: "w"), age: 60)
            let ofKey = try await fixture.authenticator.ticket(for: principal, TicketLimits(workflow: "w"), age: 60)

            // A node that knows the session already, and may go on with what it knows for a while.
            var configuration = AccessConfiguration()
            configuration.maxAge = .milliseconds(300)
            let node = Authenticator(store: fixture.store, configuration: configuration)
            _ = try await node.principal(session: session.text)

            try await fixture.authenticator.endSession(session.text)
            let begin = ContinuousClock.now
            for text in [session.text, renewed.text] {
                #expect(try await fixture.refusal { try await fixture.authenticator.principal(session: text) } == .revoked)
            }
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(ticket: ticket.text) } == .revoked)
            #expect(try await fixture.refusal { try await fixture.authenticator.check(inSession) } == .revoked)
            #expect(try await fixture.refusal { try await node.check(inSession, .now) } == .revoked)
            while try await fixture.refusal({ try await node.principal(session: session.text) }) == nil {
                try #require(ContinuousClock.now - begin < .seconds(5))
            }
            // What was not made with it goes on.
            _ = try await node.principal(session: other.text)
            _ = try await node.principal(ticket: ofKey.text)
            _ = try await node.principal(bearer: key.text)

            // Once is enough, and only what is a session can end.
            for text in [session.text, ticket.text, "", "prs_x.y.z"] { try await fixture.authenticator.endSession(text) }
            let rows = try await fixture.client.query(
                "SELECT tenant_id, expires_at > now() + interval '11 hours' AND expires_at < now() + interval '13 hours' FROM pressroom.ended_sessions")
            #expect(rows.count == 1)
            #expect(try rows[0].decode(0, as: String.self) == "acme")
            #expect(try rows[0].decode(1, as: Bool.self))
            let told = try await fixture.client.query(
                "SELECT payload ->> 'access' LIKE '%session%' FROM pressroom.events WHERE type = 'access_changed'")
            #expect(told.count == 1)
            #expect(try told[0].decode(0, as: Bool.self))
        }
    }

    /// What is kept of them is bounded by their age.
    @Test func sessionsThatHaveEndedByThemselvesAreForgotten() async throws {
        try await withAuthenticator { fixture in
            for age in [-7_200, -1_800, 1_800] as [TimeInterval] {
                try await fixture.store.endSession(fixture.scope, UUID(), expiresAt: Date.now.addingTimeInterval(age))
            }
            #expect(try await fixture.store.forgetEndedSessions() == 1)
            #expect(try await fixture.client.query("SELECT FROM pressroom.ended_sessions").count == 2)
        }
    }

    @Test func credentialsExpire() async throws {
        try await withAuthenticator { fixture in
            let now = Date.now
            let key = try await fixture.key(expiresAt: now.addingTimeInterval(100))
            let principal = try await fixture.authenticator.principal(bearer: key.text, at: now)
            let later = now.addingTimeInterval(101)
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(bearer: key.text, at: later) } == .expired)
            let ticket = try await fixture.authenticator.ticket(
                for: principal, TicketLimits(workflow: "w"), age: 60, at: now)
            #expect(ticket.expiresAt == now.addingTimeInterval(60))
            let after = now.addingTimeInterval(62)
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(ticket: ticket.text, at: after) } == .expired)
            // Never longer than the key.
            let session = try await fixture.authenticator.session(for: principal, at: now)
            #expect(abs(session.expiresAt.timeIntervalSince(now) - 100) < 2)
        }
    }

    @Test func membersHaveTheirHighestLevel() async throws {
        try await withAuthenticator { fixture in
            let key = try await fixture.key(groups: ["editors", "cooks"])
            let workspace = try await fixture.store.createWorkspace(fixture.scope, name: "news", description: nil)
            #expect(try await fixture.authenticator.principal(bearer: key.text).workspaces.isEmpty)
            for (member, level) in [("user:ada", AccessLevel.read), ("group:editors", .write), ("group:others", .admin)] {
                let member = try #require(Member(member))
                _ = try await fixture.store.setWorkspaceMember(fixture.scope, workspace.id, member, level)
            }
            #expect(try await fixture.authenticator.principal(bearer: key.text).workspaces == [workspace.id: .write])
            try await fixture.store.removeWorkspaceMember(fixture.scope, workspace.id, .group("editors"))
            #expect(try await fixture.authenticator.principal(bearer: key.text).workspaces == [workspace.id: .read])
        }
    }

    @Test func suspendedTenantsAreKnownAndDeletedOnesAreGone() async throws {
        try await withAuthenticator { fixture in
            let key = try await fixture.key()
            _ = try await fixture.store.setTenantStatus("acme", .suspended)
            let principal = try await fixture.authenticator.principal(bearer: key.text)
            #expect(principal.isTenantSuspended && !principal.mayStart(Guarded()) && principal.maySee(Guarded()))
            try await fixture.store.deleteTenant("acme")
            #expect(try await fixture.refusal { try await fixture.authenticator.principal(bearer: key.text) } != nil)
            #expect(try await fixture.refusal { try await fixture.authenticator.check(principal) } == .revoked)
        }
    }

    @Test func limitsOfATenantComeWithItsPrincipals() async throws {
        try await withAuthenticator { fixture in
            let key = try await fixture.key()
            #expect(try await fixture.authenticator.principal(bearer: key.text).tenantLimits == TenantLimits())
            let row = try await fixture.store.setTenantLimits("acme", [.requestsPerMinute: 5, .streams: 2])
            #expect(row.string.contains("\"max_streams\":2") && row.string.contains("\"max_steps\":null"))
            let limits = try await fixture.authenticator.principal(bearer: key.text).tenantLimits
            #expect(limits == TenantLimits(requestsPerMinute: 5, maxStreams: 2))
            _ = try await fixture.store.setTenantLimits("acme", [.streams: nil])
            let left = try await fixture.authenticator.principal(bearer: key.text).tenantLimits
            #expect(left == TenantLimits(requestsPerMinute: 5))
        }
    }

    /// `String` takes texts for equal that differ in their bytes, and PostgreSQL does not: one of two such tenants or users would
    /// get what is kept in memory for the other.
    @Test func namesAreInNormalForm() async throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        try await withAuthenticator { fixture in
            _ = try await fixture.store.createTenant(composed)
            await #expect(throws: StoreError.self) { try await fixture.store.createTenant(decomposed) }
            await #expect(throws: PostgresError.self) {
                try await fixture.client.query("INSERT INTO pressroom.tenants (tenant_id) VALUES (\(decomposed))")
            }
            await #expect(throws: StoreError.self) { try await fixture.key(groups: [decomposed]) }
            _ = try await fixture.key(groups: [composed])
        }
    }

    @Test func tokensMakeTenantsOnlyWhereTheyMay() async throws {
        let secret = try #require(SharedSecret(TestToken.secret))
        let token = TestToken.signedHS256()
        for creates in [false, true] {
            try await withAuthenticator({
                $0.tokens = TokenVerifier(keys: .secret(secret), rules: TokenRules())
                $0.createsTenants = creates
            }) { fixture in
                try await fixture.store.deleteTenant("acme")
                let refusal = try await fixture.refusal {
                    try await fixture.authenticator.principal(bearer: token, at: TestToken.now)
                }
                #expect((refusal == nil) == creates)
                #expect(try await fixture.store.tenants().count == (creates ? 2 : 1))
            }
        }
    }

    @Test func rotatedKeysVerifyForAWhile() async throws {
        try await withAuthenticator { fixture in
            var keys = try await fixture.store.signingKeys()
            let text = SignedText.sign([1], as: .ticket, with: try #require(keys.first))
            for _ in 0..<3 {
                try await fixture.store.rotateSigningKeys()
                keys = try await fixture.store.signingKeys()
                #expect(SignedText.payload(of: text, as: .ticket, verifiedWith: keys) == [1])
            }
            try await fixture.store.rotateSigningKeys()
            keys = try await fixture.store.signingKeys()
            #expect(keys.count == 4 && SignedText.payload(of: text, as: .ticket, verifiedWith: keys) == nil)
        }
    }
}
