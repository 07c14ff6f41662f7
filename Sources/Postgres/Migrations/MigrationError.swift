/// Why the database cannot be brought to where the migration files say.
package struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package var rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The directory or a file in it is not as it must be.
        package static let files = Code(rawValue: "files")
        /// An applied migration has another text than when it was applied.
        package static let changed = Code(rawValue: "changed")
        /// A migration was applied in part, and needs an operator.
        package static let dirty = Code(rawValue: "dirty")
        /// The database has a migration that the files do not have.
        package static let newer = Code(rawValue: "newer")
        /// Migrations wait to be applied.
        package static let pending = Code(rawValue: "pending")
        /// A statement of a migration failed.
        package static let failed = Code(rawValue: "failed")
        /// A migration has no way back.
        package static let irreversible = Code(rawValue: "irreversible")
    }

    package var code: Code
    package var message: String
    /// The server's error, for `.failed`.
    package var cause: PostgresError?

    package init(code: Code, message: String, cause: PostgresError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
