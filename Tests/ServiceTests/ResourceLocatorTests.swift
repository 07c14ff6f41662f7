import Foundation
import Service
import Testing

@Suite("Directories that come with the program")
struct ResourceLocatorTests {
    private func withDirectory<Value>(_ body: (URL) throws -> Value) throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pressroom-resources-\(UUID().uuidString)")
            .resolvingSymlinksInPath()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try body(directory)
    }

    private func makeMigrations(in directory: URL, file: String = "0001_tables.up.sql") throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data().write(to: directory.appendingPathComponent(file))
    }

    @Test("Beside the work, above the build, and in share", arguments: ["work", "checkout", "prefix/share/pressroom"])
    func places(place: String) throws {
        try withDirectory { root in
            let migrations = root.appendingPathComponent(place + "/migrations")
            try makeMigrations(in: migrations)
            let executable = place == "checkout" ? "checkout/.build/release/pressroom" : "prefix/bin/pressroom"
            let locator = ResourceLocator(
                workingDirectory: root.appendingPathComponent("work").path,
                executable: root.appendingPathComponent(executable).path)
            #expect(try locator.migrationsDirectory(PressroomConfiguration()) == migrations.path)
        }
    }

    @Test("Another project's migrations are not taken")
    func foreign() throws {
        try withDirectory { root in
            try makeMigrations(in: root.appendingPathComponent("migrations"), file: "0001_users.up.sql")
            let locator = ResourceLocator(workingDirectory: root.path, executable: root.path + "/bin/pressroom")
            let error = #expect(throws: ConfigurationError.self) { try locator.migrationsDirectory(PressroomConfiguration()) }
            #expect(error?.description.contains("PRESSROOM_DATABASE_MIGRATIONS_DIRECTORY") == true)
        }
    }

    @Test("What was configured is used or refused, never replaced")
    func configured() throws {
        try withDirectory { root in
            try makeMigrations(in: root.appendingPathComponent("migrations"))
            var configuration = PressroomConfiguration()
            configuration.database.migrationsDirectory = root.path + "/elsewhere"
            let locator = ResourceLocator(workingDirectory: root.path, executable: root.path + "/pressroom")
            #expect(throws: ConfigurationError.self) { try locator.migrationsDirectory(configuration) }
            configuration.database.migrationsDirectory = root.path + "/migrations"
            #expect(try locator.migrationsDirectory(configuration) == root.path + "/migrations")
        }
    }
}
