import Base
package import Logging

/// Brings a database to the state of a directory of migrations. Any number of nodes may do so at once: a lock orders them.
///
/// Each migration is one transaction together with its record, so that a crash leaves either all or nothing of it. The
/// record says `dirty` until the end: only a migration that commits on its own can leave that behind.
package struct Migrator: Sendable {
    private let client: PostgresClient
    private let directory: String
    private let table: MigrationTable
    private let logger: Logger

    /// - Parameter schema: holds the table of applied migrations. It is the `search_path` of each, behind PostgreSQL's own
    ///   names; no other schema is in it.
    package init(client: PostgresClient, schema: String = "pressroom", directory: String, logger: Logger) {
        self.client = client
        self.directory = directory
        self.logger = logger
        table = MigrationTable(schema: schema)
    }

    /// Applies the pending migrations in order, and returns them. Throws `MigrationError` or `PostgresError`; the
    /// migrations before a failed one stay applied.
    @discardableResult
    package func up() async throws -> [MigrationStatus] {
        let migrations = try Migration.load(directory: directory)
        return try await exclusively { connection in
            try await table.create(connection)
            let states = try await self.states(of: migrations, connection)
            if let problem = states.lazy.compactMap(\.problem).first { throw problem }
            let pending = Set(states.filter { $0.state == .pending }.map(\.version))
            var applied: [MigrationStatus] = []
            for migration in migrations where pending.contains(migration.version) {
                logger.info("applying migration \(migration.fileName("up"))")
                let checksum = try await checksums(of: [migration], connection)[0]
                try await connection.withTransaction { connection in
                    try await table.insertDirty(migration, checksum: checksum, connection)
                    try await run(migration.up, file: migration.fileName("up"), connection)
                    try await table.setDirty(false, migration, connection)
                }
                applied.append(MigrationStatus(version: migration.version, name: migration.name, state: .applied))
            }
            return applied
        }
    }

    /// Takes back the last `steps` applied migrations, and returns them.
    @discardableResult
    package func down(steps: Int = 1) async throws -> [MigrationStatus] {
        try await down { applied in Array(applied.suffix(max(0, steps))) }
    }

    /// Takes back every applied migration after `version` (0: all), and returns them.
    @discardableResult
    package func down(to version: Int) async throws -> [MigrationStatus] {
        try await down { applied in applied.filter { $0.version > version } }
    }

    private func down(
        _ choose: @Sendable ([MigrationStatus]) -> [MigrationStatus]
    ) async throws -> [MigrationStatus] {
        let migrations = try Migration.load(directory: directory)
        return try await exclusively { connection in
            let states = try await self.states(of: migrations, connection)
            if let problem = states.lazy.compactMap(\.problem).first { throw problem }
            let chosen = choose(states.filter { $0.state == .applied })
            for status in chosen.reversed() {
                guard let migration = migrations.first(where: { $0.version == status.version }),
                    let script = migration.down
                else {
                    throw MigrationError(
                        code: .irreversible, message: "migration \(status.version) (\(status.name)) has no .down.sql"
                    )
                }
                logger.info("taking back migration \(migration.fileName("down"))")
                try await connection.withTransaction { connection in
                    try await table.setDirty(true, migration, connection)
                    try await run(script, file: migration.fileName("down"), connection)
                    try await table.delete(migration, connection)
                }
            }
            return chosen.reversed()
        }
    }

    /// Every migration of the files and of the database, in order. Throws `.unreleased`, as every function here does, for
    /// a database that these files cannot describe.
    package func status() async throws -> [MigrationStatus] {
        let migrations = try Migration.load(directory: directory)
        return try await client.withConnection { try await states(of: migrations, $0) }
    }

    /// Changes nothing. Throws `MigrationError` unless the database is exactly where the files are.
    package func verify() async throws {
        let states = try await status()
        if let problem = states.lazy.compactMap(\.problem).first { throw problem }
        let pending = states.filter { $0.state == .pending }.map { String($0.version) }
        guard pending.isEmpty else {
            throw MigrationError(
                code: .pending, message: "migrations not yet applied: \(pending.joined(separator: ", "))"
            )
        }
    }

    /// Runs `body` while no other node migrates, without the statement timeout: waiting and migrating may take long.
    private func exclusively<T: Sendable>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        let key = Int64(bitPattern: StableHash.value("pressroom migrations: \(table.schema)"))
        return try await client.withConnection { connection in
            // The lock and the setting belong to the session, so the session ends with them.
            defer { connection.close() }
            try await connection.execute(script: "SET statement_timeout = 0")
            _ = try await connection.query("SELECT pg_advisory_lock(\(key))")
            return try await body(connection)
        }
    }

    private func states(of migrations: [Migration], _ connection: PostgresConnection) async throws
        -> [MigrationStatus]
    {
        let rows = try await table.rows(connection)
        try refuseUnreleased(rows, migrations)
        let checksums = try await checksums(of: migrations, connection)
        let rowsByVersion = Dictionary(rows.map { ($0.version, $0) }) { first, _ in first }
        var states = zip(migrations, checksums).map { migration, checksum in
            let row = rowsByVersion[migration.version]
            let state: MigrationStatus.State =
                if let row { row.isDirty ? .dirty : row.checksum == checksum ? .applied : .changed } else { .pending }
            return MigrationStatus(
                version: migration.version, name: migration.name, state: state, appliedAt: row?.appliedAt
            )
        }
        let known = Set(migrations.map(\.version))
        states += rows.filter { !known.contains($0.version) }.map {
            MigrationStatus(
                version: $0.version, name: $0.name, state: $0.isDirty ? .dirty : .missing, appliedAt: $0.appliedAt
            )
        }
        return states.sorted { $0.version < $1.version }
    }

    /// A migration never changes its name, so a database in which it has another one was made by other files: those of a
    /// version before the first release. Neither applying nor taking back these files would fit it.
    private func refuseUnreleased(_ rows: [MigrationTable.Row], _ migrations: [Migration]) throws(MigrationError) {
        let names = Dictionary(uniqueKeysWithValues: migrations.map { ($0.version, $0.name) })
        for row in rows {
            guard let name = names[row.version], name != row.name else { continue }
            throw MigrationError(
                code: .unreleased,
                message: "the database was made by an unreleased version of this program (its migration \(row.version) is "
                    + "\(row.name), not \(name)); start with a new one (another database URL or data directory), or keep the "
                    + "program that made it"
            )
        }
    }

    /// SHA-256 of each text, in hex, by the server.
    private func checksums(of migrations: [Migration], _ connection: PostgresConnection) async throws -> [String] {
        let results = try await connection.pipeline(
            migrations.map { "SELECT encode(sha256(convert_to(\($0.up), 'UTF8')), 'hex')" }
        )
        return try results.map { try $0[0].decode(0) }
    }

    private func run(_ script: String, file: String, _ connection: PostgresConnection) async throws {
        do {
            try await connection.execute(
                script: "SET LOCAL search_path = \(table.schema.quotedAsIdentifier), pg_temp"
            )
            try await connection.execute(script: script)
        } catch let error as PostgresError {
            let line = error.position.map { position in
                ":\(script.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" } + 1)"
            }
            throw MigrationError(code: .failed, message: "\(file)\(line ?? ""): \(error.message)", cause: error)
        }
    }
}
