/// The table that records what was applied: `<schema>.schema_migrations`.
struct MigrationTable: Sendable {
    struct Row: Sendable {
        var version: Int
        var name: String
        var checksum: String
        var isDirty: Bool
        var appliedAt: String
    }

    let schema: String

    private var name: String { "\(schema.quotedAsIdentifier).schema_migrations" }

    func create(_ connection: PostgresConnection) async throws {
        if try await exists(connection) { return }
        // Asked first, because IF NOT EXISTS too needs the right to create schemas, and an administrator may have made this one.
        let found = try await connection.query("SELECT to_regnamespace(\(schema.quotedAsIdentifier)) IS NOT NULL")
        let create = try found[0].decode(0) ? "" : "CREATE SCHEMA IF NOT EXISTS \(schema.quotedAsIdentifier);"
        try await connection.execute(
            script: """
                \(create)
                CREATE TABLE IF NOT EXISTS \(name) (
                    version bigint PRIMARY KEY,
                    name text NOT NULL,
                    checksum text NOT NULL,
                    dirty boolean NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now()
                );
                """
        )
    }

    func exists(_ connection: PostgresConnection) async throws -> Bool {
        let result = try await connection.query("SELECT to_regclass(\(name)) IS NOT NULL")
        return try result[0].decode(0)
    }

    func rows(_ connection: PostgresConnection) async throws -> [Row] {
        guard try await exists(connection) else { return [] }
        let result = try await connection.query(
            """
            SELECT version, name, checksum, dirty,
                   to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS applied_at
            FROM \(raw: name) ORDER BY version
            """
        )
        return try result.map { row in
            Row(
                version: try row.decode("version"), name: try row.decode("name"),
                checksum: try row.decode("checksum"), isDirty: try row.decode("dirty"),
                appliedAt: try row.decode("applied_at")
            )
        }
    }

    func insertDirty(_ migration: Migration, checksum: String, _ connection: PostgresConnection) async throws {
        _ = try await connection.query(
            """
            INSERT INTO \(raw: name) (version, name, checksum, dirty)
            VALUES (\(migration.version), \(migration.name), \(checksum), true)
            """
        )
    }

    func setDirty(_ isDirty: Bool, _ migration: Migration, _ connection: PostgresConnection) async throws {
        _ = try await connection.query(
            "UPDATE \(raw: name) SET dirty = \(isDirty), applied_at = clock_timestamp() WHERE version = \(migration.version)"
        )
    }

    /// A way back that drops the whole schema has dropped this table too.
    func delete(_ migration: Migration, _ connection: PostgresConnection) async throws {
        guard try await exists(connection) else { return }
        _ = try await connection.query("DELETE FROM \(raw: name) WHERE version = \(migration.version)")
    }
}
