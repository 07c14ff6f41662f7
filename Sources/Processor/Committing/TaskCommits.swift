import Foundation
import Logging
import Postgres
import Store
import Synchronization
import Workflow

/// Takes finished steps into their tasks, many in one transaction, and moves the tasks on.
struct TaskCommits: Sendable {
    let store: Store
    let workflows: WorkflowCache
    let processorID: UUID
    let logger: Logger
    private let knownTasks = KnownTasks()
    /// Takes claims of steps that a commit adds; nil: they go to the queue.
    var claimer: StepClaimer?

    /// Answers the results that could not be committed now, because somebody else holds a row of their task or the
    /// database is away; the caller tries again.
    func commit(_ results: [FinishedStep]) async -> [FinishedStep] {
        var left: [FinishedStep] = []
        for (tenantID, results) in Dictionary(grouping: results, by: \.tenantID) {
            left += await commit(results, tenantID: tenantID)
        }
        return left
    }

    private func commit(_ results: [FinishedStep], tenantID: String) async -> [FinishedStep] {
        do {
            try await commitTogether(results, tenantID: tenantID)
            return []
        } catch {
            let byTask = Dictionary(grouping: results, by: \.taskID)
            if byTask.count > 1, !error.isConnectionTrouble {
                // One of them is in the way: each task by itself, so that it holds back nobody else.
                var left: [FinishedStep] = []
                for results in byTask.values { left += await commit(results, tenantID: tenantID) }
                return left
            }
            return await later(results, tenantID: tenantID, error)
        }
    }

    /// Keeps the results of one task for later, or, where they can never be written, fails their steps.
    private func later(_ results: [FinishedStep], tenantID: String, _ error: any Error) async -> [FinishedStep] {
        if error.isPassing { return results }
        logger.error(
            "results of a task cannot be written", metadata: ["task": "\(results[0].taskID.text)", "error": "\(error)"])
        let failure = StepFailure(
            code: "internal_error", message: "The result could not be written: \(error)", isRetryable: false)
        let alreadyFailing = results.allSatisfy { if case .failed(let known) = $0.outcome { known.code == failure.code } else { false } }
        if alreadyFailing { return [] }
        return results.map { result in
            FinishedStep(
                tenantID: result.tenantID, taskID: result.taskID, stepID: result.stepID, outputID: result.outputID,
                attempt: result.attempt, outcome: .failed(failure))
        }
    }

    private func commitTogether(_ results: [FinishedStep], tenantID: String) async throws {
        let scope = Scope.processor(processorID, tenantID: tenantID)
        let byTask = Dictionary(grouping: results, by: \.taskID)
        let known = knownTasks.take(byTask.keys)
        var unknown = Set(byTask.keys)
        if !known.isEmpty, try await commit(known, byTask, scope) { unknown.subtract(known.map(\.graph.taskID)) }
        if !unknown.isEmpty { try await commit(unknown, byTask, scope) }
        store.hints.workArrived(mayEndRuns: false)
    }

    /// Goes on from what is known of the tasks. False when that does not do: they have to be read.
    private func commit(_ known: [KnownTasks.Entry], _ byTask: [UUID: [FinishedStep]], _ scope: Scope) async throws -> Bool {
        let loaded = Dictionary(known.map { ($0.graph.workflowID, $0.workflow) }, uniquingKeysWith: { first, _ in first })
        do {
            return try await claiming(scope, loaded, atMost: byTask.count) { places in
                let commit = try await store.withKnownTaskGraphs(scope, known.map(\.graph)) { graphs in
                    var claims = places
                    record(byTask, loaded, &graphs, &claims)
                    return claims
                }
                return commit.map { ($0.result, $0.known) }
            }
        } catch {
            if error.isConnectionTrouble || Task.isCancelled { throw error }
            logger.debug("tasks have to be read again", metadata: ["tasks": "\(known.count)", "error": "\(error)"])
            return false
        }
    }

    private func commit(_ taskIDs: Set<UUID>, _ byTask: [UUID: [FinishedStep]], _ scope: Scope) async throws {
        let loaded = try await workflows.workflows(scope, ofTasks: Array(taskIDs))
        _ = try await claiming(scope, loaded, atMost: byTask.count) { places in
            // The body is called again with the answers to what the engines ask: the claims add up.
            let claims = Mutex(places)
            let commit = try await store.changeTaskGraphs(scope, Array(taskIDs)) { graphs in
                claims.withLock { record(byTask, loaded, &graphs, &$0) }
            }
            return (claims.withLock { $0 }, commit.known)
        }
    }

    /// Takes results into their tasks and moves these on.
    private func record(
        _ results: [UUID: [FinishedStep]], _ workflows: [UUID: LoadedWorkflow], _ graphs: inout [TaskGraph],
        _ claims: inout DirectClaims
    ) {
        for index in graphs.indices {
            guard let workflow = workflows[graphs[index].task.workflowID] else { continue }
            var engine = TaskEngine(graphs[index], workflow)
            for result in results[graphs[index].task.taskID] ?? [] {
                engine.record(result, processorID: processorID, random: .random(in: 0..<1))
            }
            engine.advance()
            claims.add(from: &engine)
            graphs[index] = engine.graph
        }
    }

    /// Runs a transaction that may claim what it adds, and remembers the tasks as it leaves them. False when it answers nil.
    func claiming(
        _ scope: Scope, _ workflows: [UUID: LoadedWorkflow], atMost wanted: Int,
        _ transaction: (DirectClaims) async throws -> (claims: DirectClaims, known: [KnownTaskGraph])?
    ) async throws -> Bool {
        let room = claimer?.reserve(scope.tenantID, wanted) ?? .none
        do {
            let commit = try await transaction(DirectClaims(room, processorID: processorID, tenantID: scope.tenantID))
            for graph in commit?.known ?? [] where graph.hasSteps(of: processorID) {
                if let workflow = workflows[graph.workflowID] { knownTasks.keep(graph, workflow) }
            }
            claimer?.start(commit?.claims.claims ?? [], room.places)
            return commit != nil
        } catch {
            claimer?.start([], room.places)
            throw error
        }
    }
}

extension Scope {
    static func processor(_ id: UUID, tenantID: String) -> Scope {
        Scope(tenantID: tenantID, userID: "processor", actor: "processor:\(id.text)")
    }
}

extension Error {
    /// The database is away, as a whole.
    var isConnectionTrouble: Bool {
        guard let error = self as? PostgresError else { return false }
        return error.isConnectionProblem
    }

    /// Trying the same again later may work: a lock, a deadlock, a serialization failure, a database that is away.
    var isPassing: Bool {
        guard let error = self as? PostgresError else { return self is CancellationError }
        // A commit that the shutdown broke off is tried once more when the rest is handed back.
        if error.isConnectionProblem || error.code == .cancelled { return true }
        return ["55P03", "40P01", "40001", "57014", "53100", "53200", "53300", "25006"].contains(error.sqlState ?? "")
    }
}

/// The tasks with steps that run here, as the last transaction left them: their next results need not read them.
final class KnownTasks: Sendable {
    struct Entry: Sendable {
        let graph: KnownTaskGraph
        let workflow: LoadedWorkflow
    }

    private let entries = Mutex<[UUID: Entry]>([:])
    /// A task has an entry while its steps run, and seldom a little longer. When there are more, all are dropped.
    private let capacity = 10_000

    func keep(_ graph: KnownTaskGraph, _ workflow: LoadedWorkflow) {
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll() }
            entries[graph.taskID] = Entry(graph: graph, workflow: workflow)
        }
    }

    /// What is known of these tasks; it is known no more then.
    func take(_ taskIDs: some Sequence<UUID>) -> [Entry] {
        entries.withLock { entries in taskIDs.compactMap { entries.removeValue(forKey: $0) } }
    }
}
