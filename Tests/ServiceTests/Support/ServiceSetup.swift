/// How a service of a test is to run.
struct ServiceSetup: Sendable {
    enum Database: Sendable {
        /// A migrated database on the test process's server.
        case shared
        /// A private PostgreSQL of the service's own.
        case owned
    }

    var database = Database.shared
    /// The configuration file; what the tests need for themselves comes as flags.
    var yaml = ""
    /// How many files and connections the service may have open; nil for as many as the tests.
    var openFiles: Int?
    /// What the service is started with: a program that runs the rest of its arguments.
    var launcher: [String] = []
    /// Shell commands that run before it, in the same process; each must succeed.
    var prelude: [String] = []
    var environment: [String: String] = [:]
    /// A disk of its own for its private PostgreSQL.
    var disk: SmallDisk?
    /// Against hanging: how long the whole test may take.
    var limit = Duration.seconds(150)

    /// A rehearsal provider with this pace beside the default one: `slow/<any name>`.
    static func slow(tokensPerSecond: Int, latency: String = "50ms", database: Database = .shared) -> ServiceSetup {
        ServiceSetup(
            database: database,
            yaml: """
                providers:
                  slow: {kind: rehearsal, tokens_per_second: \(tokensPerSecond), latency: \(latency)}
                """)
    }
}
