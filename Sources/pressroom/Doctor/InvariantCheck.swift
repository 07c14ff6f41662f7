import ArgumentParser
import Foundation
import Postgres
import Service
import Store
import Workflow

/// Checks that the tables are as they must be, whatever has happened to the nodes and to the database.
struct InvariantCheck {
    let configuration: PressroomConfiguration
    let options: CheckOptions

    /// Throws when the database cannot be queried.
    func findings() async throws -> [Finding] {
        let path = try ResourceLocator.current.invariantsScript(configuration)
        let script = try String(contentsOfFile: path, encoding: .utf8)
        let access = DatabaseAccess(configuration)
        return try await access.withClient { client in
            try await Migrator(
                client: client, directory: ResourceLocator.current.migrationsDirectory(configuration), logger: access.logger
            ).verify()
            let start = ContinuousClock.now
            let report = try await Store(database: client).checkInvariants(
                script: script, tasks: options.tasks ?? .all,
                grace: options.grace(leaseTimeout: configuration.processor.leaseTimeout))
            let seconds = ((ContinuousClock.now - start) / .seconds(1)).formatted(.number.precision(.fractionLength(1)))
            guard report.broken.isEmpty else { return report.broken.map(Self.finding) }
            return [Finding("invariants", .ok, "all \(report.count) hold (\(seconds) s)")]
        }
    }

    private static func finding(_ broken: BrokenInvariant) -> Finding {
        let more = broken.violations > broken.samples.count ? "; …" : ""
        var finding = Finding(
            broken.name, .failed, "broken \(broken.violations) times: " + broken.samples.joined(separator: "; ") + more)
        finding.violations = broken.violations
        finding.samples = broken.samples
        return finding
    }
}

/// How thoroughly the doctor checks the tables.
struct CheckOptions: ParsableArguments {
    @Flag(help: "Check what must be true of the tables, and nothing else (checks/invariants.sql).")
    var check = false

    @Option(help: "With --check: how many ended tasks to check, or 'all' (default: 1000). Open tasks are always checked.")
    var checkTasks: String?

    @Option(help: "With --check: how long nodes may take to correct what only they can (default: three lease timeouts).")
    var checkGrace: String?

    func validate() throws {
        guard check || checkTasks == nil && checkGrace == nil else {
            throw ValidationError("--check-tasks and --check-grace go with --check")
        }
        guard tasks != nil else { throw ValidationError("--check-tasks takes a number of at least 0, or 'all'") }
        if let checkGrace, DurationText.parse(checkGrace) == nil {
            throw ValidationError("--check-grace takes a duration such as 30s or 10m")
        }
    }

    /// Nil where it cannot be read.
    var tasks: Store.CheckedTasks? {
        guard let checkTasks, checkTasks != "all" else { return checkTasks == nil ? .sample(1_000) : .all }
        return Int(checkTasks).flatMap { $0 >= 0 ? .sample($0) : nil }
    }

    func grace(leaseTimeout: Duration) -> Duration {
        checkGrace.flatMap(DurationText.parse) ?? leaseTimeout * 3
    }
}
