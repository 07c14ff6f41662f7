import Foundation

/// Finds the directories that come with the program: `migrations`, `checks` and `Public`.
///
/// Searched, in this order: the working directory, then each directory above the executable (a build in
/// `.build/release` finds the checkout), and `share/pressroom` in each of those (an installation in `bin`).
package struct ResourceLocator: Sendable {
    package var workingDirectory: String
    /// Symbolic links are followed.
    package var executable: String

    package init(workingDirectory: String, executable: String) {
        self.workingDirectory = workingDirectory
        self.executable = executable
    }

    /// For the running program.
    package static var current: ResourceLocator {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? Bundle.main.executablePath ?? CommandLine.arguments.first ?? ""
        return ResourceLocator(workingDirectory: FileManager.default.currentDirectoryPath, executable: executable)
    }

    /// The migrations. The first of them must be there, so that another project's `migrations` is not taken.
    package func migrationsDirectory(_ configuration: PressroomConfiguration) throws(ConfigurationError) -> String {
        try find(
            "migrations", with: "0001_tables.up.sql", configured: configuration.database.migrationsDirectory,
            key: "database.migrations_directory")
    }

    /// The script of invariants: in `checks` beside the migrations, or in any of the searched directories.
    package func invariantsScript(_ configuration: PressroomConfiguration) throws(ConfigurationError) -> String {
        let migrations = try migrationsDirectory(configuration)
        let beside = URL(fileURLWithPath: migrations).deletingLastPathComponent().path
        let paths = ([beside] + places).map { $0 + "/checks/invariants.sql" }
        if let found = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) { return found }
        let detail = "checks/invariants.sql was not found beside '\(migrations)'"
        throw ConfigurationError([.init(key: "database.migrations_directory", source: "", detail: detail)])
    }

    /// The page's files.
    package func publicDirectory(_ configuration: PressroomConfiguration) throws(ConfigurationError) -> String {
        try find("Public", with: "index.html", configured: configuration.publicDirectory, key: "public_directory")
    }

    private func find(
        _ name: String, with file: String, configured: String?, key: String
    ) throws(ConfigurationError) -> String {
        let candidates = configured.map { [$0] } ?? places.map { $0 + "/" + name }
        if let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0 + "/" + file) }) {
            return found
        }
        let detail =
            configured.map { "'\($0)' has no \(file)" }
            ?? "is not set, and no directory \(name) with \(file) was found in the working directory or above the executable; "
            + "set \(Setting.variable(of: key)) or \(key) in pressroom.yaml"
        throw ConfigurationError([.init(key: key, source: "", detail: detail)])
    }

    private var places: [String] {
        var places = [workingDirectory]
        var directory = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        while true {
            places.append(directory.path)
            places.append(directory.path + "/share/pressroom")
            guard directory.path != "/", !directory.path.isEmpty else { return places }
            directory.deleteLastPathComponent()
        }
    }
}
