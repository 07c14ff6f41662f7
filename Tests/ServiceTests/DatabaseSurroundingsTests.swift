import Base
import Client
import Foundation
import Glibc
import Postgres
import Synchronization
import TestSupport
import Testing
import Workflow

/// What is between the service and its database, and around both.
@Suite struct DatabaseSurroundingsTests {
    private func run(_ service: TestService) async throws {
        try await service.publish(Definitions.editorial())
        let task = try await service.startTask("editorial")
        #expect(try await service.end(of: task) == "completed")
    }

    @Test(.enabled("PgBouncer is installed", { PgBouncer.isInstalled })) func throughPgBouncerInSessionMode() async throws {
        try await serviceSlots.hold {
            try await withDatabase(migrated: true) { configuration in
                let direct = try await connectionString(configuration)
                try await PgBouncer.with(server: direct, mode: "session") { pooled in
                    try await withService(ServiceSetup(), databaseURL: pooled) { service in
                        try await run(service)
                        try await EventAudit.check(service)
                        #expect(service.errorLines.isEmpty, "\(service.errorLines)")
                    }
                    // And with its settings.
                    var own = PostgresConfiguration(connectionString: pooled)
                    own.statementTimeout = .seconds(7)
                    own.sessionParameters = [("idle_in_transaction_session_timeout", "5s")]
                    let client = PostgresClient(configuration: own, logger: try await PostgresServer.shared().logger)
                    for (setting, value) in [
                        ("statement_timeout", "7s"), ("idle_in_transaction_session_timeout", "5s"), ("TimeZone", "UTC"),
                    ] {
                        #expect(try await client.query("SELECT current_setting(\(setting))")[0][0].string == value)
                    }
                    await client.shutdown()
                }
            }
        }
    }

    /// Names of PostgreSQL that a database has elsewhere too, before PostgreSQL's own: the service migrates it and works.
    @Test func namesElsewhereChangeNothing() async throws {
        try await serviceSlots.hold {
            try await withDatabase { configuration in
                let logger = try await PostgresServer.shared().logger
                let client = PostgresClient(configuration: configuration, logger: logger)
                _ = try await client.withConnection { connection in
                    try await connection.execute(
                        script: """
                            CREATE TYPE public.text AS (a int);
                            CREATE DOMAIN public.jsonb AS int;
                            CREATE TYPE public.timestamptz AS ENUM ('never');
                            CREATE FUNCTION public.never(pg_catalog.text, pg_catalog.text) RETURNS boolean LANGUAGE sql
                                AS 'SELECT false';
                            CREATE OPERATOR public.= (
                                LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = public.never);
                            CREATE FUNCTION public.now() RETURNS pg_catalog.timestamptz LANGUAGE sql
                                AS $$ SELECT 'epoch'::pg_catalog.timestamptz $$;
                            CREATE FUNCTION public.lower(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql
                                AS $$ SELECT 'shadow'::pg_catalog.text $$;
                            CREATE FUNCTION public.set_config(pg_catalog.text, pg_catalog.text, boolean)
                                RETURNS pg_catalog.text LANGUAGE sql AS $$ SELECT 'shadow'::pg_catalog.text $$;
                            DO $$ BEGIN
                                EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
                            END $$;
                            """)
                }
                await client.shutdown()
                try await withService(ServiceSetup(), databaseURL: try await connectionString(configuration)) { service in
                    try await run(service)
                    #expect(service.errorLines.isEmpty, "\(service.errorLines)")
                }
            }
        }
    }

    @Test func libpqVariablesDoNotReachThePrivatePostgres() async throws {
        var setup = ServiceSetup(database: .owned)
        setup.environment = [
            "PGSERVICE": "nope", "PGTARGETSESSIONATTRS": "standby", "PGREQUIREPEER": "nobody", "PGHOSTADDR": "192.0.2.1",
            "PGSSLMODE": "verify-full", "PGOPTIONS": "-c no_such_setting=1", "PGCONNECT_TIMEOUT": "1", "PGCLIENTENCODING": "LATIN1",
            "PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGUSER": "nobody", "PGDATABASE": "nothing", "PGPORT": "1",
        ]
        try await withService(setup) { service in
            try await run(service)
            try await EventAudit.check(service)
        }
    }

    /// A dump of the schema is the whole service: restored elsewhere, its tables are sound and its open tasks go on.
    @Test(arguments: ["pg_dump --schema=pressroom", "pg_dump --schema=pressroom --format=custom | pg_restore --file=-"])
    func aDumpIsRestored(dump: String) async throws {
        let command = dump.replacing("--schema", with: "--dbname=\"$0\" --schema")
            + #" | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$1" >/dev/null"#
        try await serviceSlots.hold {
            try await withDatabase(migrated: true) { old in
                let source = try await connectionString(old)
                try await withService(ServiceSetup(), databaseURL: source) { service in
                    try await run(service)
                    try await service.publish(Definitions.held())
                    try await service.waitForHold(of: try await service.startTask("held"))
                }
                try await withDatabase { new in
                    let target = try await connectionString(new)
                    let child = try ChildProgram("/bin/bash", ["-c", "set -o pipefail; " + command, source, target], directory: "/tmp")
                    let status = try await within(.seconds(60), command) { try await child.exit() }
                    try #require(status == 0, "\(child.errors.text)")
                    try await withService(ServiceSetup(), databaseURL: target) { service in
                        try await Invariants.check(service)
                        let rows = try await service.sql("SELECT task_id::text AS id FROM pressroom.tasks WHERE workflow_name = 'held'")
                        let held: String = try rows[0].decode("id")
                        try await service.client.signal("release", to: held)
                        #expect(try await service.end(of: held) == "completed")
                        try await run(service)
                        try await Invariants.check(service)
                    }
                }
            }
        }
    }

    @Test func anotherEncodingIsToldAtTheStartAndByTheDoctor() async throws {
        try await withDatabase { configuration in
            let client = PostgresClient(configuration: configuration, logger: try await PostgresServer.shared().logger)
            let name = "latin_\(serviceCounter.add(1, ordering: .relaxed).newValue)"
            _ = try await client.query("CREATE DATABASE \(identifier: name) ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
            let url = "\(try await PostgresServer.shared().configuration.connectionString) dbname=\(name)"
            for command in [["serve", "--http-port", "0"], ["doctor", "--http-port", "0"]] {
                let child = try ChildProgram(PressroomBinary.path(), command + ["--database-url", url], directory: "/tmp")
                let status = try await within(.seconds(30), "\(command)") { try await child.exit() }
                let text = child.errors.text + child.output.text
                #expect(status == 1 && text.contains("\(name) has the encoding LATIN1, and UTF8 is needed"), "\(text)")
                #expect(!text.contains("check the URL"))
            }
            _ = try await client.query("DROP DATABASE \(identifier: name) WITH (FORCE)")
            await client.shutdown()
        }
    }
}

/// A pooler before a server that is reached by a socket.
private enum PgBouncer {
    private static let program = "/usr/sbin/pgbouncer"

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// - Parameter server: libpq's text with `host`, `port`, `user` and `dbname`.
    static func with(server: String, mode: String, _ body: (String) async throws -> Void) async throws {
        let directory = "\(PostgresTestDirectory.own)/pgbouncer-\(serviceCounter.add(1, ordering: .relaxed).newValue)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let words = server.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        // A later keyword counts.
        let keywords = Dictionary(words.map { ($0[0], $0[1].replacing("'", with: "")) }) { $1 }
        let (host, name) = (try #require(keywords["host"]), try #require(keywords["dbname"]))
        let port = try freePort()
        let file = directory + "/pgbouncer.ini"
        try """
            [databases]
            * = host=\(host) port=\(keywords["port"] ?? "5432") user=\(keywords["user"] ?? "")
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = \(mode)
            """.write(toFile: file, atomically: true, encoding: .utf8)
        // It does not run as root, and only the server's user may enter the socket's directory.
        var info = stat()
        try #require(stat(host, &info) == 0)
        let user = geteuid() == 0 ? ["setpriv", "--reuid=\(info.st_uid)", "--regid=\(info.st_gid)", "--clear-groups", "--"] : []
        let command = user + [program, file]
        let child = try ChildProgram(command[0], Array(command.dropFirst()), directory: "/")
        let result: Result<Void, any Error>
        do {
            let line = try await within(.seconds(20), "PgBouncer") { await child.errors.first { $0.contains("process up") } }
            try #require(line != nil, "\(child.errors.text)")
            result = .success(try await body("host=127.0.0.1 port=\(port) user=anybody dbname=\(name)"))
        } catch {
            result = .failure(error)
        }
        child.send(SIGKILL)
        _ = try? await child.exit()
        try result.get()
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0 else {
                    throw POSIXError(.init(rawValue: errno) ?? .EIO)
                }
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
