import Foundation
import Store
import TestSupport
import Testing

/// What must be true of the tables, whatever has happened: the script that operators run.
enum Invariants {
    /// Beside the migrations that it goes with.
    static var script: String {
        get throws {
            let root = URL(fileURLWithPath: PostgresTestDirectory.migrations).deletingLastPathComponent().path
            return try String(contentsOfFile: root + "/checks/invariants.sql", encoding: .utf8)
        }
    }

    /// Looks at every task.
    static func check(_ service: TestService, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let report = try await Store(database: service.database)
            .checkInvariants(script: script, tasks: .all, grace: .seconds(5))
        #expect(report.count > 20, sourceLocation: sourceLocation)
        for broken in report.broken {
            Issue.record(
                "\(broken.name) is broken \(broken.violations) times: \(broken.samples.joined(separator: "; "))",
                sourceLocation: sourceLocation)
        }
    }
}
