import Base
import Postgres
import Workflow

extension Store {
    /// Which of the ended tasks a check looks at; those that are open are always looked at.
    package enum CheckedTasks: Sendable, Equatable {
        case all
        /// Half of them the newest, half chosen at random.
        case sample(Int)
    }

    /// Runs a script of invariants (`checks/invariants.sql`) in one snapshot of the tables. Changes nothing.
    ///
    /// - Parameter grace: how long nodes may take to set right what only they can.
    /// - Throws: `PostgresError`, for instance where the schema is not the one that the script knows.
    package func checkInvariants(
        script: String, tasks: CheckedTasks = .sample(1_000), grace: Duration = .seconds(30)
    ) async throws -> InvariantReport {
        let chosen =
            switch tasks {
            case .all: "all"
            case .sample(let count): String(max(0, count))
            }
        return try await database.withConnection { connection in
            try await Self.choose(connection, tasks: chosen, grace: "\(grace / .seconds(1)) seconds")
            let results = try await connection.execute(script: script)
            try await Self.choose(connection, tasks: "", grace: "")
            let checks = results.filter { $0.columns == ["invariant", "violations", "samples"] }
            let broken = try checks.flatMap { try $0.map(BrokenInvariant.init) }
            return InvariantReport(count: checks.count, broken: broken)
        }
    }

    private static func choose(_ connection: PostgresConnection, tasks: String, grace: String) async throws {
        _ = try await connection.query(
            """
            SELECT set_config('pressroom.check_tasks', \(tasks), false), set_config('pressroom.check_grace', \(grace), false)
            """)
    }
}

extension BrokenInvariant {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            name: try row.decode("invariant"), violations: try row.decode("violations"),
            samples: (try row.json("samples"))?.array?.compactMap(\.string) ?? [])
    }
}

/// Something that must be true of the tables, and is not.
package struct BrokenInvariant: Sendable {
    /// As in `checks/invariants.sql`.
    package let name: String
    /// In how many places.
    package let violations: Int
    /// Some of them, for people.
    package let samples: [String]
}

/// What came of a check of the tables.
package struct InvariantReport: Sendable {
    /// How many invariants there are.
    package let count: Int
    package let broken: [BrokenInvariant]
}
