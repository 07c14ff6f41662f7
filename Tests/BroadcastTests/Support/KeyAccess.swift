import Base
import Postgres
import Store
import Synchronization
import TestSupport
import Workflow

@testable import Broadcast

/// The credential of a stream: an API key, looked up in its table.
final class KeyAccess: StreamAccess {
    let keyID: String
    private let client: PostgresClient
    private let random: Mutex<SeededGenerator>

    /// - Parameter random: for how long each look takes; nil: not longer than it has to.
    init(_ fixture: HubFixture, random: SeededGenerator? = nil) async throws {
        var names = SystemRandomNumberGenerator()
        let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz")
        keyID = String((0..<16).compactMap { _ in alphabet.randomElement(using: &names) })
        client = fixture.client
        self.random = Mutex(random ?? SeededGenerator(seed: 0))
        _ = try await fixture.store.createAPIKey(
            HubFixture.scope,
            NewAPIKey(
                name: "k", keyID: keyID, secretHash: Array(repeating: 1, count: 32), userID: "ada", groups: [],
                scopes: [.stream], workspaceID: nil, expiresAt: nil))
    }

    func isAffected(by change: AccessChange) -> Bool {
        switch change.affected {
        case .key(let id): id == keyID
        case .member, .session: false
        case .everyone: true
        }
    }

    func end() async throws -> CredentialEnd? {
        // PostgreSQL takes its time after it has looked, so that the result is as old.
        let seconds = random.withLock { $0.milliseconds(0..<4) } / .seconds(1)
        let rows = try await client.query(
            "SELECT k.revoked_at IS NOT NULL FROM pressroom.api_keys k, pg_sleep(\(seconds)::float8) WHERE k.key_id = \(keyID)")
        return try rows.first?.decode(0, as: Bool.self) == false ? nil : .revoked
    }
}

/// A credential that is looked at when the test says so.
final class GuardedAccess: StreamAccess {
    struct Failure: Error {}

    private struct State {
        var answers: [Result<CredentialEnd?, Failure>] = []
        var looks: [CheckedContinuation<Result<CredentialEnd?, Failure>, Never>] = []
    }

    private let state = Mutex(State())

    func isAffected(by change: AccessChange) -> Bool { change.affected == .member("user:ada") }

    func end() async throws -> CredentialEnd? {
        try await withCheckedContinuation { look in
            let answer: Result<CredentialEnd?, Failure>? = state.withLock { state in
                guard state.answers.isEmpty else { return state.answers.removeFirst() }
                state.looks.append(look)
                return nil
            }
            if let answer { look.resume(returning: answer) }
        }.get()
    }

    /// What the next look finds.
    func answer(_ answer: Result<CredentialEnd?, Failure>) {
        let look: CheckedContinuation<Result<CredentialEnd?, Failure>, Never>? = state.withLock { state in
            guard state.looks.isEmpty else { return state.looks.removeFirst() }
            state.answers.append(answer)
            return nil
        }
        look?.resume(returning: answer)
    }
}
