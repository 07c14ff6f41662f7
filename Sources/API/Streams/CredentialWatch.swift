import Access
import Broadcast
import Foundation
import Logging
import Store
import Synchronization
import Workflow

/// Looks again and again at the credentials of the open streams, and ends those whose credential has ended or may see less
/// than before. One look reads the keys, tenants and members of all of them together, however many streams there are.
///
/// A change that is made in the database is noticed before by its position in the tenant's log (`StreamAccess`). The watch sees
/// credentials expire, and tenants go with their log.
final class CredentialWatch: Sendable {
    typealias End = @Sendable (CredentialEnd) -> Void

    /// A stream that is watched, until `remove`.
    struct Token: Sendable {
        fileprivate let principal: Principal
        fileprivate let number: UInt64
    }

    private struct State {
        var streams: [Principal: [UInt64: End]] = [:]
        var next: UInt64 = 0
        var isLooking = false
    }

    private let authenticator: Authenticator
    private let logger: Logger
    private let state = Mutex(State())

    /// With `AccessConfiguration.maxAge` less than a second.
    private static let interval: Duration = .milliseconds(400)
    /// How many principals are looked at in one read.
    private static let batch = 500

    init(_ authenticator: Authenticator, logger: Logger) {
        self.authenticator = authenticator
        self.logger = logger
    }

    /// Nil for a stream that needs no credential.
    func add(_ principal: Principal, end: @escaping End) -> Token? {
        guard principal.mode != .none else { return nil }
        let (token, begins) = state.withLock { state in
            state.next += 1
            state.streams[principal, default: [:]][state.next] = end
            defer { state.isLooking = true }
            return (Token(principal: principal, number: state.next), !state.isLooking)
        }
        // The watch lasts as long as there are streams.
        if begins { Task { await look() } }
        return token
    }

    func remove(_ token: Token?) {
        guard let token else { return }
        state.withLock { state in
            state.streams[token.principal]?[token.number] = nil
            if state.streams[token.principal]?.isEmpty == true { state.streams[token.principal] = nil }
        }
    }

    private func look() async {
        while true {
            try? await Task.sleep(for: Self.interval)
            let principals: [Principal]? = state.withLock { state in
                guard state.streams.isEmpty else { return Array(state.streams.keys) }
                state.isLooking = false
                return nil
            }
            guard let principals else { return }
            for start in stride(from: 0, to: principals.count, by: Self.batch) {
                await look(at: principals[start..<min(start + Self.batch, principals.count)])
            }
        }
    }

    private func look(at principals: ArraySlice<Principal>) async {
        await withDiscardingTaskGroup { group in
            for principal in principals {
                group.addTask {
                    guard let end = await self.lastKnownEnd(of: principal) else { return }
                    let streams = self.state.withLock { $0.streams.removeValue(forKey: principal) } ?? [:]
                    for stream in streams.values { stream(end) }
                }
            }
        }
    }

    private func lastKnownEnd(of principal: Principal) async -> CredentialEnd? {
        do { return try await end(of: principal, .recent) } catch {
            // Without the database there are no events either.
            logger.debug("credentials cannot be looked at", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// How the credential has ended; nil while it has not.
    /// - Parameter freshness: of the rows.
    fileprivate func end(of principal: Principal, _ freshness: Freshness) async throws -> CredentialEnd? {
        do {
            let now = try await authenticator.check(principal, freshness)
            // Less or more: the reader comes back and gets what it may see now.
            return now.seesSame(as: principal) ? nil : .access
        } catch let error as CredentialError {
            return error == .expired ? .expired : .revoked
        }
    }
}

extension Principal {
    /// Whether the credential opens the same.
    func seesSame(as other: Principal) -> Bool {
        scopes == other.scopes && groups == other.groups && workspaces == other.workspaces
            && onlyWorkspaceID == other.onlyWorkspaceID && isTenantAdmin == other.isTenantAdmin
    }
}

/// The credential of one stream, watched from its first event to its end.
final class StreamCredential: Sendable {
    private let credentials: CredentialWatch
    private let principal: Principal
    private let token = Mutex<CredentialWatch.Token?>(nil)

    init(_ credentials: CredentialWatch, _ principal: Principal) {
        self.credentials = credentials
        self.principal = principal
    }

    deinit { forget() }

    /// - Parameter end: ends the stream.
    func watch(_ end: @escaping CredentialWatch.End) {
        let new = credentials.add(principal, end: end)
        token.withLock { $0 = new }
    }

    func forget() {
        credentials.remove(token.withLock { token in
            defer { token = nil }
            return token
        })
    }
}

extension StreamCredential: StreamAccess {
    func isAffected(by change: AccessChange) -> Bool {
        switch change.affected {
        case .key(let id): principal.keyID == id
        case .session(let id): principal.sessionID == id
        case .member(let member): principal.isMember(member)
        case .everyone: true
        }
    }

    func end() async throws -> CredentialEnd? {
        try await credentials.end(of: principal, .now)
    }
}

extension Principal {
    /// - Parameter member: as `Member.key` has it.
    fileprivate func isMember(_ member: String) -> Bool {
        member == Member.user(userID).key || groups.contains { member == Member.group($0).key }
    }
}
