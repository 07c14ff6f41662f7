import Postgres

extension Store {
    /// What nodes notify each other on; `NOTIFY` on it in `psql` makes all of them look at once.
    package static let hintChannel = "pressroom_hints"

    /// Tells the other nodes. In a transaction of its own, because `NOTIFY` takes an instance-wide lock at commit, and
    /// one that does not wait for the disk: a hint that a crash loses told of nothing that a poll does not find.
    package func send(_ hint: NodeHint) async throws {
        _ = try await database.query(
            "SELECT set_config('synchronous_commit', 'off', true), pg_notify(\(Self.hintChannel), \(hint.payload))")
    }
}
