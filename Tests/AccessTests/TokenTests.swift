import Base
import Crypto
import Foundation
import Testing
import Workflow

@testable import Access

@Suite struct TokenTests {
    private func verifier(_ change: (inout TokenRules) -> Void = { _ in }) throws -> TokenVerifier {
        var rules = TokenRules()
        rules.issuer = "https://id.example"
        rules.audience = "pressroom"
        change(&rules)
        return TokenVerifier(keys: .secret(try #require(SharedSecret(TestToken.secret))), rules: rules)
    }

    private func refusal(_ token: String, at now: Date = TestToken.now, _ change: (inout TokenRules) -> Void = { _ in }) async throws -> CredentialError? {
        do {
            _ = try await verifier(change).identity(of: token, at: now)
            return nil
        } catch let error as CredentialError {
            return error
        }
    }

    private func isInvalid(_ error: CredentialError?) -> Bool {
        if case .invalid = error { true } else { false }
    }

    @Test func aGoodTokenSaysWhoSendsIt() async throws {
        let identity = try await verifier().identity(of: TestToken.signedHS256(), at: TestToken.now)
        #expect(identity.tenantID == "acme" && identity.userID == "ada" && identity.groups == ["editors"])
        #expect(identity.scopes == ["read", "write"])
        #expect(identity.expiresAt == TestToken.now.addingTimeInterval(630))
    }

    @Test func timesHaveALeewayOfThirtySeconds() async throws {
        let token = TestToken.signedHS256()
        #expect(try await refusal(token, at: TestToken.now.addingTimeInterval(629)) == nil)
        #expect(try await refusal(token, at: TestToken.now.addingTimeInterval(631)) == .expired)
        var claims = TestToken.claims
        claims["nbf"] = .integer(Int64(TestToken.now.timeIntervalSince1970) + 29)
        #expect(try await refusal(TestToken.signedHS256(claims)) == nil)
        claims["nbf"] = .integer(Int64(TestToken.now.timeIntervalSince1970) + 31)
        #expect(isInvalid(try await refusal(TestToken.signedHS256(claims))))
    }

    @Test("Claims that are missing, wrong or of another type are refused", arguments: [
        ("exp", nil), ("exp", "soon"), ("exp", -1), ("exp", 1e300), ("nbf", "x"), ("iss", "https://other.example"), ("iss", nil),
        ("aud", "other"), ("aud", nil), ("tenant", nil), ("tenant", ""), ("tenant", 7), ("tenant", "a\u{7}b"), ("sub", nil),
        ("sub", ""), ("sub", ["ada"]), ("sub", "a\u{0}b"), ("sub", "cafe\u{301}"), ("tenant", "cafe\u{301}"), ("groups", ["cafe\u{301}"]),
    ] as [(String, JSON?)])
    func badClaims(_ name: String, _ value: JSON?) async throws {
        var claims = TestToken.claims
        if let value { claims[name] = value } else { _ = claims.removeValue(forKey: name) }
        #expect(try await refusal(TestToken.signedHS256(claims)) != nil)
    }

    @Test func otherSignaturesAndAlgorithmsAreRefused() async throws {
        let good = TestToken.signedHS256()
        #expect(isInvalid(try await refusal(TestToken.signedHS256(secret: TestToken.secret + "x"))))
        #expect(isInvalid(try await refusal(TestToken.signedHS256(header: ["alg": "none"]))))
        #expect(isInvalid(try await refusal(TestToken.signedHS256(header: ["alg": "HS512"]))))
        #expect(isInvalid(try await refusal(TestToken.signedHS256(header: ["alg": "ES256"]))))
        #expect(isInvalid(try await refusal(TestToken.signedHS256(header: ["alg": "HS256", "crit": ["x"]]))))
        let unsigned = "\(TestToken.part(["alg": "none"])).\(TestToken.part(TestToken.claims))."
        #expect(isInvalid(try await refusal(unsigned)))
        for wrong in ["", ".", "..", "a.b.c", good + ".x", good + "=", String(good.dropLast(2)), good.replacing(".", with: "..")] {
            #expect(isInvalid(try await refusal(wrong)), "\(wrong)")
        }
        var large = TestToken.claims
        large["x"] = .string(String(repeating: "x", count: 8_192))
        #expect(isInvalid(try await refusal(TestToken.signedHS256(large))))
        #expect(SharedSecret(String(repeating: "x", count: 31)) == nil)
    }

    @Test func claimsCanHaveOtherNames() async throws {
        var claims = TestToken.claims
        claims["realm"] = ["roles": ["read", "admin", "cook"]]
        claims["org"] = "other"
        let identity = try await verifier {
            $0.claims.scopes = "realm.roles"
            $0.claims.tenant = "org"
        }.identity(of: TestToken.signedHS256(claims), at: TestToken.now)
        #expect(identity.tenantID == "other" && identity.scopes == ["read", "admin", "cook"])
    }
}

@Suite struct KeySetTests {
    private let key = P256.Signing.PrivateKey()

    private func verifier(_ source: ScriptedKeySet, _ change: (inout KeySet.Limits) -> Void = { _ in }) -> TokenVerifier {
        var limits = KeySet.Limits()
        change(&limits)
        return TokenVerifier(keys: .set(KeySet(source, limits: limits)), rules: TokenRules())
    }

    private func accepts(_ verifier: TokenVerifier, _ token: String) async throws -> Bool {
        do {
            _ = try await verifier.identity(of: token, at: TestToken.now)
            return true
        } catch is CredentialError {
            return false
        }
    }

    @Test func tokensAreVerifiedWithTheKeyThatTheyName() async throws {
        let other = P256.Signing.PrivateKey()
        let source = ScriptedKeySet(.keys([TestToken.entry(key, kid: "a"), TestToken.entry(other, kid: "b")]))
        let verifier = verifier(source)
        #expect(try await accepts(verifier, try TestToken.signed(key, kid: "a")))
        #expect(try await accepts(verifier, try TestToken.signed(other, kid: "b")))
        #expect(try await accepts(verifier, try TestToken.signed(key, kid: nil)))
        #expect(try await !accepts(verifier, try TestToken.signed(key, kid: "b")))
        #expect(await source.reads == 1)
    }

    @Test func algorithmsMustFitTheKey() async throws {
        let source = ScriptedKeySet(.keys([TestToken.entry(key, kid: "a")]))
        let verifier = verifier(source)
        // Signed with the public key as if it were a secret.
        let publicKey = String(decoding: key.publicKey.rawRepresentation, as: UTF8.self)
        #expect(try await !accepts(verifier, TestToken.signedHS256(header: ["alg": "HS256", "kid": "a"], secret: publicKey)))
        for algorithm in ["none", "ES384", "RS256", "EdDSA", "PS256", "es256"] {
            #expect(try await !accepts(verifier, try TestToken.signed(key, kid: "a", alg: algorithm)), "\(algorithm)")
        }
        // None of them has changed what the key verifies.
        #expect(try await accepts(verifier, try TestToken.signed(key, kid: "a")))
    }

    @Test func anUnknownKeyHasTheSetReadAgainButNotTooOften() async throws {
        let new = P256.Signing.PrivateKey()
        let source = ScriptedKeySet(.keys([TestToken.entry(key, kid: "a")]))
        let slow = verifier(source) { $0.minInterval = .seconds(3_600) }
        #expect(try await accepts(slow, try TestToken.signed(key, kid: "a")))
        await source.set(.keys([TestToken.entry(new, kid: "b")]))
        for _ in 0..<20 { #expect(try await !accepts(slow, try TestToken.signed(new, kid: "b"))) }
        #expect(await source.reads == 1)
        let quick = verifier(source) { $0.minInterval = .zero }
        #expect(try await accepts(quick, try TestToken.signed(new, kid: "b")))
        #expect(try await !accepts(quick, try TestToken.signed(key, kid: "a")))
    }

    @Test(arguments: [
        ScriptedKeySet.Answer.failure, .silence, .bytes(Array("nonsense".utf8)), .bytes(Array("{\"keys\": 7}".utf8)),
        .bytes(Array(repeating: 0x20, count: 10 << 20)), .keys([]),
    ])
    func keysAreKeptWhileTheyCannotBeRead(_ answer: ScriptedKeySet.Answer) async throws {
        let source = ScriptedKeySet(.keys([TestToken.entry(key, kid: "a")]))
        let verifier = verifier(source) {
            $0.minInterval = .zero
            $0.timeout = .milliseconds(100)
        }
        #expect(try await accepts(verifier, try TestToken.signed(key, kid: "a")))
        await source.set(answer)
        #expect(try await !accepts(verifier, try TestToken.signed(key, kid: "unknown")))
        #expect(await source.reads == 2)
        guard case .keys = answer else {
            #expect(try await accepts(verifier, try TestToken.signed(key, kid: "a")))
            return
        }
        // A set without the key is an answer: the key was taken back.
        #expect(try await !accepts(verifier, try TestToken.signed(key, kid: "a")))
    }

    @Test func withoutAnyKeysNothingIsSaidOfATokenAndNothingIsTrapped() async throws {
        let verifier = verifier(ScriptedKeySet(.failure))
        await #expect(throws: CredentialError.unverifiable) {
            _ = try await verifier.identity(of: try TestToken.signed(key, kid: "a"), at: TestToken.now)
        }
        let odd: [JSON] = [
            7, [:], ["kty": "oct", "k": "AAAA"], ["kty": "EC", "crv": "P-256"], ["kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"],
            ["kty": "RSA", "n": "AQAB", "e": "AQAB"], ["kty": "OKP", "crv": "Ed25519", "x": "AA"],
            TestToken.entry(key, kid: "a"),
        ]
        #expect(try await accepts(self.verifier(ScriptedKeySet(.keys(odd))), try TestToken.signed(key, kid: "a")))
    }
}
