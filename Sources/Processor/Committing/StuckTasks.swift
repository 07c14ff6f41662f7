import Base
import Foundation
import Logging
import Postgres
import Store
import Synchronization
import Telemetry
import Workflow

/// The tasks that could not be moved on although the database works. After a few tries such a task fails, because the cause
/// is in its rows: it would stand still for ever, and without a reason that anyone sees.
final class StuckTasks: Sendable {
    private struct Entry {
        var failures = 0
        var last = ContinuousClock.now
    }

    /// The waits between the tries.
    private let delays: [Duration]
    /// Failures further apart than this are of different causes.
    private let memory: Duration = .seconds(600)
    private let capacity = 10_000
    private let entries = Mutex<[TenantKey: Entry]>([:])

    init(delays: [Duration]) {
        self.delays = delays
    }

    /// Counts a failure. Returns the wait until the next try; nil when the task is to be given up.
    func failed(_ task: TenantKey) -> Duration? {
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll() }
            var entry = entries[task] ?? Entry()
            if ContinuousClock.now - entry.last > memory { entry.failures = 0 }
            guard entry.failures < delays.count else {
                entries[task] = nil
                return nil
            }
            defer { entries[task] = Entry(failures: entry.failures + 1) }
            return delays[entry.failures]
        }
    }

    func succeeded(_ task: TenantKey) {
        entries.withLock { _ = $0.removeValue(forKey: task) }
    }
}

extension Store {
    /// Fails a task that cannot be moved on.
    ///
    /// - Returns: false when that could not be done now; it is to be tried again.
    func giveUp(_ scope: Scope, _ taskID: UUID, _ error: any Error, _ logger: Logger) async -> Bool {
        let reason = (error as? StoreError)?.message ?? "\(error)"
        do {
            if try await failTask(scope, taskID, "The task cannot go on. \(reason.prefix(1_000))") {
                Instruments.tasksGivenUp.increment()
                logger.error("a task is given up", metadata: ["task": "\(taskID.text)", "error": "\(error)"])
            }
            return true
        } catch {
            if !Task.isCancelled {
                logger.warning("a task cannot be given up now", metadata: ["task": "\(taskID.text)", "error": "\(error)"])
            }
            return false
        }
    }
}

extension Error {
    /// Whether the same will fail again because of what is in the task's rows, and not because of the database as a whole
    /// or its schema, which may be another version's.
    var isOfTheTask: Bool {
        if isPassing { return false }
        guard let state = (self as? PostgresError)?.sqlState else { return true }
        // Invalid authorization, unknown database or schema, missing features, access rules and syntax, system errors.
        return !["0A", "28", "3D", "3F", "42", "58"].contains(state.prefix(2))
    }
}
