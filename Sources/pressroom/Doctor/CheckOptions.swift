import ArgumentParser
import Store
import Workflow

/// How closely the doctor looks at the tables.
struct CheckOptions: ParsableArguments {
    @Flag(help: "Check what must be true of the tables, and nothing else (checks/invariants.sql).")
    var check = false

    @Option(help: "With --check: how many ended tasks to look at, or 'all' (default: 1000). Open tasks are always looked at.")
    var checkTasks: String?

    @Option(help: "With --check: how long nodes may take to set right what only they can (default: three lease timeouts).")
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
