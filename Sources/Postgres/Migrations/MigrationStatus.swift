/// How a migration stands, in the files and in the database.
package struct MigrationStatus: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case applied, pending
        /// Applied with another text than the file has now.
        case changed
        /// Applied in part.
        case dirty
        /// Applied, and no longer among the files.
        case missing
    }

    package var version: Int
    package var name: String
    package var state: State
    /// When it was applied, in ISO 8601, UTC.
    package var appliedAt: String?

    /// What forbids to go on, if anything does.
    var problem: MigrationError? {
        switch state {
        case .applied, .pending: nil
        case .changed:
            MigrationError(
                code: .changed, message: "migration \(version) (\(name)) has changed since it was applied; "
                    + "restore its file, and put the change into a new migration"
            )
        case .dirty:
            MigrationError(
                code: .dirty, message: "migration \(version) (\(name)) was applied in part; finish or undo it by hand, "
                    + "then set dirty = false on its row in schema_migrations, or delete the row"
            )
        case .missing:
            MigrationError(
                code: .newer, message: "the database has migration \(version) (\(name)), which this program does not "
                    + "know: it is older than the database"
            )
        }
    }
}
