import Base
import Foundation
import Store
import Testing
import Workflow

@testable import Access

@Suite struct LimitTests {
    @Test func usesComeBackWithTime() {
        let limiter = RateLimiter<String>(perMinute: 3)
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(limiter.use("a", at: start) == nil) }
        let wait = limiter.use("a", at: start)
        #expect(wait.map { $0 > .seconds(19) && $0 < .seconds(21) } == true)
        #expect(limiter.use("b", at: start) == nil)
        #expect(limiter.use("a", at: start + .seconds(21)) == nil)
        #expect(limiter.use("a", at: start + .seconds(21)) != nil)
        // A clock that stops, or goes back, gives nothing.
        #expect(limiter.use("a", at: start) != nil)
    }

    @Test func aKeyMayHaveALimitOfItsOwn() {
        let limiter = RateLimiter<String>(perMinute: 100)
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(limiter.use("a", perMinute: 3, at: start) == nil) }
        #expect(limiter.use("a", perMinute: 3, at: start).map { $0 > .seconds(19) && $0 < .seconds(21) } == true)
        #expect(limiter.use("b", at: start) == nil)
        // A limit that is raised counts from then on, one that is lowered at once.
        #expect(limiter.use("a", perMinute: 600, at: start + .seconds(1)) == nil)
        for _ in 0..<5 { _ = limiter.use("c", perMinute: 600, at: start) }
        #expect(limiter.use("c", perMinute: 1, at: start) == nil && limiter.use("c", perMinute: 1, at: start) != nil)
    }

    @Test func memoryIsBoundedAndTheBusyAreRemembered() {
        let limiter = RateLimiter<Int>(perMinute: 2, capacity: 100)
        let start = ContinuousClock.now
        for _ in 0..<3 { _ = limiter.use(-1, at: start) }
        for key in 0..<10_000 {
            #expect(limiter.use(key, at: start) == nil)
            #expect(limiter.count <= 100)
        }
        #expect(limiter.wait(-1, at: start) != nil)
    }
}

@Suite struct SignedTextTests {
    private let keys = [
        SigningKeyRecord(id: "new", secret: Array(repeating: 1, count: 32)),
        SigningKeyRecord(id: "old", secret: Array(repeating: 2, count: 32)),
    ]

    @Test func textsReadBackUnderEveryKeyThatIsKept() {
        for key in keys {
            let text = SignedText.sign(Array("hello".utf8), as: .ticket, with: key)
            #expect(SignedText.payload(of: text, as: .ticket, verifiedWith: keys) == Array("hello".utf8))
            #expect(SignedText.payload(of: text, as: .session, verifiedWith: keys) == nil)
            #expect(SignedText.payload(of: text, as: .ticket, verifiedWith: keys.filter { $0 != key }) == nil)
            #expect(SignedText.payload(of: text.replacing("prt", with: "prs"), as: .session, verifiedWith: keys) == nil)
        }
    }

    @Test func aChangeOfAnyCharacterIsNoticed() {
        let text = SignedText.sign(Array("hello".utf8), as: .ticket, with: keys[0])
        for index in text.indices {
            var other = text
            other.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(SignedText.payload(of: other, as: .ticket, verifiedWith: keys) == nil, "\(other)")
        }
        #expect(SignedText.payload(of: text + "A", as: .ticket, verifiedWith: keys) == nil)
        #expect(SignedText.payload(of: String(repeating: "x", count: 10_000), as: .ticket, verifiedWith: keys) == nil)
    }

    @Test func identitiesReadBack() throws {
        let identity = SignedIdentity(
            tenantID: "acme", userID: "ada", groups: ["a", "b"], scopes: [.read, .act], keyID: "k", sessionID: UUID(), onlyWorkspaceID: UUID(),
            expiresAt: Date(timeIntervalSince1970: 1_800_000_000),
            limits: TicketLimits(
                taskID: UUID(), conversationID: "c", userID: "u", workspaceID: UUID(), workflow: "w", types: ["task_updated"]))
        #expect(SignedIdentity(identity.json.utf8) == identity)
        #expect(SignedIdentity(Array("{}".utf8)) == nil && SignedIdentity([]) == nil && SignedIdentity([0xFF]) == nil)
    }
}
