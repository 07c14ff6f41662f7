import Base
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@Suite("Embedded PostgreSQL", .limit(minutes: 5))
struct EmbeddedPostgresTests {
    private func query(_ configuration: PostgresConfiguration, _ sql: String) async throws -> String? {
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test"))
        do {
            let text = try await client.query(.init(sql: sql)).first?[0].string
            await client.shutdown()
            return text
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// The life of one data directory, in one test, because each step needs the one before and a start costs seconds.
    @Test func theLifeOfADataDirectory() async throws {
        try await PostgresPrivateServer.with { server in
            let data = server.dataDirectory
            // A crash during initialisation left a draft behind.
            let draft = data + ".initialising"
            try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: true)
            try "15".write(toFile: draft + "/PG_VERSION", atomically: true, encoding: .utf8)

            let first = server.embedded()
            let configuration = try await first.start()
            #expect(!FileManager.default.fileExists(atPath: draft))
            #expect(try await query(configuration, "SELECT current_database()") == "pressroom")
            #expect(try await query(configuration, "SHOW listen_addresses") == "")
            #expect(try await query(configuration, "SHOW server_encoding") == "UTF8")
            #expect(try await query(configuration, "SHOW synchronous_commit") == "on")
            #expect(try await query(configuration, "CREATE TABLE kept AS SELECT 42 AS a") == nil)

            // A second user of the directory shares the server, and leaves it running.
            let second = server.embedded()
            let shared = try await second.start()
            #expect(try await query(shared, "SELECT a FROM kept") == "42")
            await second.stop()
            #expect(try await query(configuration, "SELECT a FROM kept") == "42")

            await first.stop()
            #expect(server.processID == nil)

            // A stale postmaster.pid whose number belongs to another process now (this one).
            try "\(getpid())\n\(data)\n1\n5432\n/tmp\n\n\nready   \n"
                .write(toFile: data + "/postmaster.pid", atomically: true, encoding: .utf8)
            _ = chown(data + "/postmaster.pid", owner(of: data), owner(of: data))
            let third = server.embedded()
            #expect(try await query(try await third.start(), "SELECT a FROM kept") == "42")
            let pid = server.processID

            // The owner dies without stopping the server: its lock is gone, and the next one takes the server over.
            await third.abandon()
            let fourth = server.embedded()
            #expect(try await query(try await fourth.start(), "SELECT a FROM kept") == "42")
            #expect(server.processID == pid)

            // The server is killed while the owner is away.
            await fourth.abandon()
            kill(pid ?? 0, SIGKILL)
            let fifth = server.embedded()
            #expect(try await query(try await fifth.start(), "SELECT a FROM kept") == "42")
            #expect(server.processID != pid)
            await fifth.stop()
        }
    }

    /// The owner stops while others share its server, and while somebody comes.
    @Test func whoSharesTheServerOwnsItOnceTheOwnerHasGone() async throws {
        try await PostgresPrivateServer.with { server in
            let owner = server.embedded()
            let sharer = server.embedded()
            let late = server.embedded()
            let configuration = try await owner.start()
            #expect(try await query(configuration, "CREATE TABLE kept AS SELECT 42 AS a") == nil)
            let pid = server.processID
            let shared = try await sharer.start()
            await owner.stop()
            #expect(server.processID == nil)
            let owning = Task { try await sharer.run() }
            #expect(try await query(shared, "SELECT a FROM kept") == "42")
            #expect(server.processID != pid)

            owning.cancel()
            let joined = try await late.start()
            try await owning.value
            let last = Task { try await late.run() }
            #expect(try await query(joined, "SELECT a FROM kept") == "42")
            last.cancel()
            try await last.value
            #expect(server.processID == nil)
        }
    }

    private func owner(of path: String) -> uid_t {
        var info = stat()
        _ = stat(path, &info)
        return info.st_uid
    }

    @Test(arguments: ["", "\n", "garbage\n1\n", "12", "-5\n/tmp\n1\n"])
    func aBrokenPidFileIsRemoved(text: String) async throws {
        try await PostgresPrivateServer.with { server in
            let first = server.embedded()
            let configuration = try await first.start()
            #expect(try await query(configuration, "CREATE TABLE kept AS SELECT 42 AS a") == nil)
            await first.stop()
            // As a full disk or a power cut leaves it.
            let file = server.dataDirectory + "/postmaster.pid"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            _ = chown(file, owner(of: server.dataDirectory), owner(of: server.dataDirectory))
            let second = server.embedded()
            #expect(try await query(try await second.start(), "SELECT a FROM kept") == "42")
            await second.stop()
        }
    }

    @Test func aDirectoryThatCannotBeMadeIsOneSentence() async throws {
        try await PostgresPrivateServer.with { server in
            try Data().write(to: URL(fileURLWithPath: server.dataDirectory))
            chmod(server.dataDirectory, 0o755)
            let below = EmbeddedPostgres(dataDirectory: server.dataDirectory + "/a/b/data", logger: server.logger)
            let error = await #expect(throws: EmbeddedPostgresError.self) { _ = try await below.start() }
            #expect(error?.code == .directory)
            #expect(error?.message == "cannot create \(server.dataDirectory)/a: Not a directory")
        }
    }

    @Test func aCancelledStartLeavesNothing() async throws {
        try await PostgresPrivateServer.with { server in
            for pause in [0, 20, 200, 700, 1200, 1500] {
                let embedded = server.embedded()
                let start = Task { try await embedded.start() }
                try await Task.sleep(for: .milliseconds(pause))
                start.cancel()
                if (try? await start.value) != nil { await embedded.stop() }
                #expect(server.processID == nil, "after \(pause) ms")
            }
            let embedded = server.embedded()
            #expect(try await query(try await embedded.start(), "SELECT 1") == "1")
            await embedded.stop()
        }
    }

    @Test func aDirectoryWithOtherThingsIsRefused() async throws {
        try await PostgresPrivateServer.with { server in
            try FileManager.default.createDirectory(atPath: server.dataDirectory, withIntermediateDirectories: true)
            try "precious".write(toFile: server.dataDirectory + "/thesis.txt", atomically: true, encoding: .utf8)
            let error = await #expect(throws: EmbeddedPostgresError.self) { _ = try await server.embedded().start() }
            #expect(error?.code == .directory)
            #expect(FileManager.default.fileExists(atPath: server.dataDirectory + "/thesis.txt"))
        }
    }
}
