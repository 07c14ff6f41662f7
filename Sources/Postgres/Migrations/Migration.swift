import Base
import Foundation

/// One migration: `NNNN_name.up.sql` and, if there is a way back, `NNNN_name.down.sql`.
package struct Migration: Sendable, Hashable {
    package let version: Int
    package let name: String
    package let up: String
    package let down: String?

    func fileName(_ direction: String) -> String {
        "\(version.padded(to: 4))_\(name).\(direction).sql"
    }

    /// Reads a directory, in the order of the versions. Other files in it are left alone; a file that ends in `.sql`
    /// and is not named like a migration is an error, as are two with the same version.
    package static func load(directory: String) throws(MigrationError) -> [Migration] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw MigrationError(code: .files, message: "cannot read the directory \(directory)")
        }
        var ups: [Int: (name: String, text: String)] = [:]
        var downs: [Int: (name: String, text: String)] = [:]
        for fileName in names.sorted() where fileName.hasSuffix(".sql") {
            guard let match = fileName.wholeMatch(of: #/([0-9]+)_([A-Za-z0-9_-]+)\.(up|down)\.sql/#),
                let version = Int(match.1), version > 0
            else {
                throw MigrationError(code: .files, message: "\(fileName) is not named NNNN_name.up.sql or .down.sql")
            }
            guard let text = try? String(contentsOfFile: "\(directory)/\(fileName)", encoding: .utf8) else {
                throw MigrationError(code: .files, message: "cannot read \(directory)/\(fileName) as UTF-8")
            }
            let file = (name: String(match.2), text: text)
            let previous = match.3 == "up" ? ups.updateValue(file, forKey: version) : downs.updateValue(file, forKey: version)
            if previous != nil {
                throw MigrationError(code: .files, message: "two files have version \(version) (\(match.3))")
            }
        }
        if let orphan = downs.keys.first(where: { ups[$0]?.name != downs[$0]?.name }) {
            throw MigrationError(code: .files, message: "version \(orphan) has a .down.sql without its .up.sql")
        }
        return ups.sorted { $0.key < $1.key }.map { version, up in
            Migration(version: version, name: up.name, up: up.text, down: downs[version]?.text)
        }
    }
}

/// The state of a migration, in the files and in the database.
package struct MigrationStatus: Sendable, Hashable {
    package enum State: String, Sendable {
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

    /// Why no migration can be applied or taken back, if this one is the reason.
    var problem: MigrationError? {
        switch state {
        case .applied, .pending: nil
        case .changed:
            MigrationError(
                code: .changed, message: "migration \(version) (\(name)) has changed since it was applied; "
                    + "restore its file and put the change into a new migration, or start with a new database"
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

/// Why the migrations cannot be applied, taken back or verified.
package struct MigrationError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The directory cannot be read, or a file in it is not a valid migration.
        case files
        /// The text of an applied migration has changed.
        case changed
        /// A migration was applied in part, and needs an operator.
        case dirty
        /// The database has a migration that the files do not have.
        case newer
        /// The database has migrations of the files' versions under other names.
        case unreleased
        /// Migrations wait to be applied.
        case pending
        /// A statement of a migration failed.
        case failed
        /// A migration has no way back.
        case irreversible
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
