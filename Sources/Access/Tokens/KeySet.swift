import Base
import Foundation
import Synchronization

/// Where a key set (JWKS, RFC 7517) is read from. An answer may take its time and have any length; `KeySet` bounds both.
package protocol KeySetSource: Sendable {
    /// Throws soon after its task is cancelled, however far the read is.
    ///
    /// - Parameter maxBytes: a longer answer is an error.
    func read(maxBytes: Int) async throws -> [UInt8]
}

/// The public keys of an identity provider: read when they are first needed, and again for a key that is not among them, at
/// most each 30 s. They are kept while they cannot be read.
package final class KeySet: Sendable {
    private struct State {
        var keys: [VerificationKey] = []
        /// When the last read began; nil before the first.
        var triedAt: ContinuousClock.Instant?
        /// When the keys were read.
        var readAt: ContinuousClock.Instant?
        /// The read that goes on.
        var reading: Task<Void, Never>?
    }

    private let source: any KeySetSource
    private let limits: Limits
    private let state = Mutex(State())

    package struct Limits: Sendable {
        /// Between the beginnings of two reads.
        package var minInterval: Duration = .seconds(30)
        /// After which the keys are read again although all are known: a provider takes keys back by leaving them out.
        package var maxAge: Duration = .seconds(600)
        /// Of one read, and so of a request that waits for it.
        package var timeout: Duration = .seconds(5)
        package var maxBytes = 256 << 10
        package var maxKeys = 100

        package init() {}
    }

    package init(_ source: any KeySetSource, limits: Limits = Limits()) {
        self.source = source
        self.limits = limits
    }

    /// - Throws: `CredentialError`; `unverifiable` while no keys could be read.
    func verifies(_ token: WebToken) async throws -> Bool {
        guard VerificationKey.algorithms.contains(token.algorithm) else {
            throw CredentialError.invalid("tokens are signed with RS, PS, ES or EdDSA here")
        }
        let isStale = state.withLock { state in
            state.readAt.map { ContinuousClock.now - $0 > limits.maxAge } ?? false
        }
        // A read of keys that are known already delays no request.
        if isStale { _ = reading() }
        var candidates = keys(for: token)
        if candidates.isEmpty, let reading = reading() {
            await reading.value
            candidates = keys(for: token)
        }
        guard !candidates.isEmpty else {
            if state.withLock({ $0.readAt == nil }) { throw CredentialError.unverifiable }
            throw CredentialError.invalid("its key is unknown, or not for its alg")
        }
        for key in candidates where try await key.verifies(token) { return true }
        return false
    }

    /// Those of the token's `kid`. A token without one may be signed by any key for its algorithm.
    private func keys(for token: WebToken) -> [VerificationKey] {
        state.withLock { $0.keys }.filter { key in
            key.fits(token.algorithm) && (token.keyID == nil || key.id == token.keyID)
        }
    }

    /// The read that goes on, or a new one; nil when it is too early for one.
    private func reading() -> Task<Void, Never>? {
        state.withLock { state in
            if let reading = state.reading { return reading }
            let now = ContinuousClock.now
            if let triedAt = state.triedAt, now - triedAt < limits.minInterval { return nil }
            state.triedAt = now
            let reading = Task { await read() }
            state.reading = reading
            return reading
        }
    }

    private func read() async {
        let (source, maxBytes, maxKeys) = (source, limits.maxBytes, limits.maxKeys)
        let keys: [VerificationKey]? = await withTaskGroup(of: [VerificationKey]?.self) { group in
            group.addTask {
                guard let bytes = try? await source.read(maxBytes: maxBytes), bytes.count <= maxBytes else { return nil }
                return await VerificationKey.keys(inSet: bytes, maxCount: maxKeys)
            }
            group.addTask {
                try? await Task.sleep(for: self.limits.timeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        state.withLock { state in
            state.reading = nil
            guard let keys else { return }
            state.keys = keys
            state.readAt = .now
        }
    }
}

/// A key set in a file.
package struct KeySetFile: KeySetSource {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    package func read(maxBytes: Int) async throws -> [UInt8] {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let data = try handle.read(upToCount: maxBytes + 1) ?? Data()
        guard data.count <= maxBytes else { throw CredentialError.unverifiable }
        return Array(data)
    }
}
