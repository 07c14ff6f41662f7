import Foundation

/// Where PostgreSQL's programs are.
struct PostgresBinaries: Sendable {
    let directory: String

    var initdb: String { directory + "/initdb" }
    var pgCtl: String { directory + "/pg_ctl" }

    /// Looks in `PRESSROOM_PG_BIN`, then `PATH`, then Debian's `/usr/lib/postgresql/<version>/bin`, newest first.
    /// - Parameter version: the major version that an existing data directory needs.
    static func find(
        version: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(EmbeddedPostgresError) -> PostgresBinaries {
        let candidates = candidates(environment).filter { isComplete($0) }
        for directory in candidates {
            guard let version else { return PostgresBinaries(directory: directory) }
            let outcome = try await ChildProcess.run([directory + "/postgres", "--version"])
            if majorVersion(outcome.output) == version { return PostgresBinaries(directory: directory) }
        }
        if let version, !candidates.isEmpty {
            throw EmbeddedPostgresError(
                code: .notInstalled,
                message: "the data directory belongs to PostgreSQL \(version), of which the programs are not in "
                    + "\(candidates.joined(separator: ", ")); install it: apt-get install postgresql-\(version)"
            )
        }
        throw EmbeddedPostgresError(
            code: .notInstalled,
            message: "the programs of PostgreSQL (initdb, pg_ctl, postgres) were not found; install them: "
                + "apt-get install postgresql (or name their directory in PRESSROOM_PG_BIN, or use another "
                + "server with --database-url)"
        )
    }

    static func candidates(_ environment: [String: String]) -> [String] {
        if let chosen = environment["PRESSROOM_PG_BIN"], !chosen.isEmpty { return [chosen] }
        let path = environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .compactMap { name in Double(name).map { (name, $0) } }
            .sorted { $0.1 > $1.1 }
        return path + versions.map { "\(root)/\($0.0)/bin" }
    }

    private static func isComplete(_ directory: String) -> Bool {
        ["initdb", "pg_ctl", "postgres"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: "\(directory)/\($0)")
        }
    }

    /// `postgres (PostgreSQL) 15.18 (Debian …)` → `15`.
    static func majorVersion(_ text: String) -> String? {
        text.split(separator: " ").lazy
            .compactMap { $0.split(separator: ".").first.map(String.init) }
            .first { Int($0) != nil }
    }
}
