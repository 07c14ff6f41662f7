import Foundation
import Postgres
import Service
import Store

/// Looks whether the tables are as they must be, whatever has happened to the nodes and to the database.
struct InvariantCheck {
    let configuration: PressroomConfiguration
    let options: CheckOptions

    /// Throws where the database cannot be asked.
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
