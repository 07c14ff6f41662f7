import Base
package import Foundation
package import Store
import Synchronization
package import Workflow

/// Turns credentials into principals. The only place where a principal is made of them.
///
/// What it reads of keys, tenants and members is at most `maxAge` old, so that what is taken away there is gone within a
/// second on every node.
package final class Authenticator: Sendable {
    private let store: Store
    private let configuration: AccessConfiguration
    private let keys: RecentReads<String, APIKeyRecord>
    private let standings: RecentReads<Subject, Standing>
    private let signingKeys: RecentReads<Bool, [SigningKeyRecord]>
    private let touched = Mutex<[String: ContinuousClock.Instant]>([:])

    package init(store: Store, configuration: AccessConfiguration) {
        self.store = store
        self.configuration = configuration
        keys = RecentReads(maxAge: configuration.maxAge) { keyIDs in
            Dictionary(try await store.apiKeys(ofKeyIDs: keyIDs).map { ($0.keyID, $0) }) { first, _ in first }
        }
        standings = RecentReads(maxAge: configuration.maxAge) { try await store.standings(of: $0) }
        signingKeys = RecentReads(maxAge: .seconds(5)) { _ in [true: try await store.signingKeys()] }
    }

    /// The principal of an API key or a token.
    ///
    /// - Throws: `CredentialError`, or `PostgresError` when the database does not answer.
    package func principal(bearer text: String, at now: Date = .now) async throws -> Principal {
        if APIKey.isMeant(by: text) {
            guard configuration.acceptsKeys else { throw CredentialError.invalid("keys are not accepted here") }
            guard let key = APIKey(text) else { throw CredentialError.invalid("it is not a whole key") }
            guard let record = try await keys.value(of: key.keyID), key.matches(record.secretHash) else {
                throw CredentialError.invalid("there is no such key")
            }
            try Self.checkValidity(record, at: now)
            note(record.keyID)
            return try await principal(
                .key,
                SignedIdentity(
                    tenantID: record.tenantID, userID: record.userID, groups: record.groups, scopes: Array(record.scopes),
                    keyID: record.keyID, onlyWorkspaceID: record.workspaceID, expiresAt: record.expiresAt ?? .distantFuture))
        }
        guard let tokens = configuration.tokens else { throw CredentialError.invalid("it is no API key") }
        let identity = try await tokens.identity(of: text, at: now)
        if configuration.createsTenants, try await standings.value(of: Subject(identity)) == nil {
            try await store.createTenantIfMissing(identity.tenantID)
            standings.forget(Subject(identity))
        }
        return try await principal(
            .token,
            SignedIdentity(
                tenantID: identity.tenantID, userID: identity.userID, groups: identity.groups,
                scopes: identity.scopes.compactMap(AccessScope.init(rawValue:)), keyID: nil, onlyWorkspaceID: nil,
                expiresAt: identity.expiresAt))
    }

    /// The principal of a session cookie.
    package func principal(session text: String, at now: Date = .now) async throws -> Principal {
        try await principal(signed: text, .session, .session, at: now)
    }

    /// The principal of a ticket.
    package func principal(ticket text: String, at now: Date = .now) async throws -> Principal {
        try await principal(signed: text, .ticket, .ticket, at: now)
    }

    /// Looks at a principal's credential again. Throws as when it was made.
    /// - Parameter freshness: of what it depends on.
    package func check(
        _ principal: Principal, _ freshness: Freshness = .recent, at now: Date = .now
    ) async throws -> Principal {
        guard principal.mode != .none else { return principal }
        return try await self.principal(principal.mode, SignedIdentity(principal), freshness, at: now)
    }
}

extension Authenticator {
    private func principal(
        signed text: String, _ kind: SignedText.Kind, _ mode: Principal.Mode, at now: Date
    ) async throws -> Principal {
        guard let keys = try await signingKeys.value(of: true),
            let identity = SignedText.payload(of: text, as: kind, verifiedWith: keys).flatMap(SignedIdentity.init)
        else { throw CredentialError.invalid("this service has not made it") }
        return try await principal(mode, identity, at: now)
    }

    /// What the holder of an identity may do now.
    private func principal(
        _ mode: Principal.Mode, _ signed: SignedIdentity, _ freshness: Freshness = .recent, at now: Date = .now
    ) async throws -> Principal {
        if signed.expiresAt <= now { throw CredentialError.expired }
        var identity = signed
        if let keyID = identity.keyID {
            guard let record = try await keys.value(of: keyID, where: { freshness.allows($0?.position) }), record.tenantID == identity.tenantID else {
                throw CredentialError.revoked
            }
            try Self.checkValidity(record, at: now)
            // What the key may no longer do, nothing that was made with it may.
            identity.scopes.removeAll { !record.scopes.contains($0) }
            identity.groups = record.groups
            identity.onlyWorkspaceID = record.workspaceID
        }
        let subject = Subject(
            tenantID: identity.tenantID, userID: identity.userID, groups: identity.groups, sessionID: identity.sessionID)
        guard let standing = try await standings.value(of: subject, where: { freshness.allows($0?.position) }) else {
            throw mode == .token ? CredentialError.invalid("there is no such tenant") : .revoked
        }
        if standing.hasSessionEnded { throw CredentialError.revoked }
        let scopes = Set(identity.scopes)
        if let limits = identity.limits { try Self.checkMaker(scopes, identity.userID, limits) }
        return Principal(
            mode: mode, tenantID: identity.tenantID, userID: identity.userID, groups: Set(identity.groups),
            scopes: identity.limits == nil ? scopes : [.stream], keyID: identity.keyID, sessionID: identity.sessionID, workspaces: standing.workspaces,
            onlyWorkspaceID: identity.onlyWorkspaceID, ticket: identity.limits, makerScopes: identity.limits == nil ? [] : scopes,
            expiresAt: identity.expiresAt == .distantFuture ? nil : identity.expiresAt,
            isTenantSuspended: standing.tenantStatus == .suspended, tenantLimits: standing.tenantLimits)
    }

    /// A ticket ends when what made it could make it no longer.
    private static func checkMaker(
        _ scopes: Set<AccessScope>, _ userID: String, _ limits: TicketLimits
    ) throws(CredentialError) {
        let isOwn = limits.userID == nil || limits.userID == userID
        guard scopes.contains(.read) || scopes.contains(.stream), isOwn || scopes.contains(.act),
            limits.answers.isEmpty || scopes.contains(.write)
        else { throw .revoked }
    }

    private static func checkValidity(_ record: APIKeyRecord, at now: Date) throws(CredentialError) {
        if record.isRevoked { throw .revoked }
        if let expiresAt = record.expiresAt, expiresAt <= now { throw .expired }
    }

    /// Has the use of a key written down, at most once a minute on this node.
    private func note(_ keyID: String) {
        let now = ContinuousClock.now
        let isDue = touched.withLock { touched in
            if let last = touched[keyID], now - last < .seconds(60) { return false }
            if touched.count >= 10_000 { touched.removeAll() }
            touched[keyID] = now
            return true
        }
        guard isDue else { return }
        Task { [store] in try? await store.touchAPIKeys(keyIDs: [keyID]) }
    }
}

extension Authenticator {
    /// How long a session lasts at most.
    package static let sessionAge: TimeInterval = 12 * 3_600

    /// The text of a cookie for a principal, and when it ends: never after the credential that it was made with.
    package func session(for principal: Principal, at now: Date = .now) async throws -> (text: String, expiresAt: Date) {
        var identity = SignedIdentity(principal)
        identity.expiresAt = min(identity.expiresAt, now.addingTimeInterval(Self.sessionAge))
        // One that is made with a session ends with it: a copied cookie makes none that outlives it.
        identity.sessionID = identity.sessionID ?? UUIDv7.next()
        return (try await sign(identity, as: .session), identity.expiresAt)
    }

    /// Ends a session with everything that was made with it: on this node at once, and on every node within a second. A text
    /// that opens nothing, or nothing any more, has nothing to end.
    ///
    /// - Throws: `CredentialError` `unverifiable`, or `PostgresError` when the database does not answer: it has not ended then.
    package func endSession(_ text: String, at now: Date = .now) async throws {
        let principal: Principal
        do {
            principal = try await self.principal(session: text, at: now)
        } catch let error as CredentialError where error != .unverifiable {
            return
        }
        guard let sessionID = principal.sessionID, let expiresAt = principal.expiresAt else { return }
        try await store.endSession(
            Scope(tenantID: principal.tenantID, userID: principal.userID, actor: principal.actor), sessionID, expiresAt: expiresAt)
        standings.forget(
            Subject(tenantID: principal.tenantID, userID: principal.userID, groups: principal.groups, sessionID: sessionID))
    }

    /// A ticket for what `limits` leave of what a principal may see, and when it ends. It stays the principal's, whatever user
    /// it is for: a back end that acts for its users need not make them members.
    ///
    /// - Parameter age: at most an hour counts.
    package func ticket(
        for principal: Principal, _ limits: TicketLimits, age: TimeInterval, at now: Date = .now
    ) async throws -> (text: String, expiresAt: Date) {
        var identity = SignedIdentity(principal)
        identity.limits = limits
        identity.expiresAt = min(identity.expiresAt, now.addingTimeInterval(min(max(1, age), 3_600)))
        return (try await sign(identity, as: .ticket), identity.expiresAt)
    }

    private func sign(_ identity: SignedIdentity, as kind: SignedText.Kind) async throws -> String {
        guard let key = try await signingKeys.value(of: true)?.first else { throw CredentialError.unverifiable }
        return SignedText.sign(identity.json.utf8, as: kind, with: key)
    }
}

extension SignedIdentity {
    fileprivate init(_ principal: Principal) {
        self.init(
            tenantID: principal.tenantID, userID: principal.userID, groups: principal.groups.sorted(),
            scopes: AccessScope.allCases.filter(
                (principal.ticket == nil ? principal.scopes : principal.makerScopes).contains), keyID: principal.keyID,
            sessionID: principal.sessionID, onlyWorkspaceID: principal.onlyWorkspaceID, expiresAt: principal.expiresAt ?? .distantFuture,
            limits: principal.ticket)
    }
}

extension Subject {
    fileprivate init(_ identity: TokenIdentity) {
        self.init(tenantID: identity.tenantID, userID: identity.userID, groups: identity.groups)
    }
}

/// How old what is known of keys, tenants and members may be.
package enum Freshness: Sendable, Hashable {
    /// `AccessConfiguration.maxAge`.
    case recent
    /// Read when the tenant's log was at least at this position.
    case since(position: Int64)
    /// Read after the call.
    case now

    /// - Parameter position: of the log when it was read; nil for what was not there.
    fileprivate func allows(_ position: Int64?) -> Bool {
        switch self {
        case .recent: true
        case .since(let wanted): position.map { $0 >= wanted } ?? false
        case .now: false
        }
    }
}

/// Which credentials are accepted, and how fast what is taken away takes effect.
package struct AccessConfiguration: Sendable {
    package var acceptsKeys = true
    /// Nil: tokens are not accepted.
    package var tokens: TokenVerifier?
    /// Whether the first token of a tenant makes it.
    package var createsTenants = false
    /// How old may be what is known of a key, a tenant or a member.
    package var maxAge: Duration = .milliseconds(300)

    package init() {}
}
