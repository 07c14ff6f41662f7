/// Why the private server cannot run.
package struct EmbeddedPostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: RawRepresentable, Sendable, Hashable {
        package var rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// PostgreSQL is not installed, or not in the version that the data needs.
        package static let notInstalled = Code(rawValue: "not_installed")
        /// The data directory cannot be used.
        package static let directory = Code(rawValue: "directory")
        /// A program of PostgreSQL failed.
        package static let command = Code(rawValue: "command")
        /// The server runs but cannot be reached.
        package static let unreachable = Code(rawValue: "unreachable")
    }

    package var code: Code
    package var message: String

    package var description: String { "\(code.rawValue): \(message)" }
}
