package import Store

/// The credential that a stream was opened with.
///
/// A change of access has a position in the tenant's log. What comes after it is sent to a stream that it may affect only
/// once the stream's credential was looked at again, in rows that are read after the position.
package protocol StreamAccess: Sendable {
    /// Whether the credential may open less or more after a change.
    func isAffected(by change: AccessChange) -> Bool
    /// How the credential has ended, by rows that are read after the call; nil while it has not.
    ///
    /// Throws when the rows cannot be read.
    func end() async throws -> CredentialEnd?
}

/// Whether a stream waits for its credential to be looked at.
struct AccessHold {
    /// How many changes may have affected the stream.
    private(set) var changes = 0
    /// How many of them the latest look has seen.
    private var seen = 0

    var isHeld: Bool { seen < changes }

    mutating func hold() {
        changes += 1
    }

    /// The credential is good as of a moment when there were so many changes.
    mutating func passed(_ changes: Int) {
        seen = max(seen, changes)
    }
}
