import Base
import Foundation
import Logging
import Store
import Synchronization
import Workflow

/// Takes the results of steps into their tasks, many in one transaction, and moves the tasks on.
struct TaskCommits: Sendable {
    let store: Store
    let processorID: UUID
    let logger: Logger
    private let knownTasks = KnownTasks()
    /// Claims the steps that a commit adds; nil: they are queued.
    var claimer: DirectClaimer?

    /// Returns the results that could not be committed now, because another session holds a row of their task or the
    /// database is away. The caller tries again.
    func commit(_ results: [FinishedStep]) async -> [FinishedStep] {
        var left: [FinishedStep] = []
        for (tenantID, results) in Dictionary(grouping: results, by: \.tenantID) {
            left += await commit(results, tenantID: tenantID)
        }
        return left
    }

    private func commit(_ results: [FinishedStep], tenantID: String) async -> [FinishedStep] {
        let start = ContinuousClock.now
        do {
            try await commitTogether(results, tenantID: tenantID)
            StepMeasures.committed(results.count, since: start)
            return []
        } catch {
            let byTask = Dictionary(grouping: results, by: \.taskID)
            if byTask.count > 1, !error.isConnectionTrouble {
                // One task is in the way. Each is committed by itself, so that it holds back no other.
                var left: [FinishedStep] = []
                for results in byTask.values { left += await commit(results, tenantID: tenantID) }
                return left
            }
            return await later(results, error)
        }
    }

    /// Keeps the results of one task for later. Where they can never be written, their steps fail, and where that cannot be
    /// written either, the task.
    private func later(_ results: [FinishedStep], _ error: any Error) async -> [FinishedStep] {
        if error.isPassing { return results }
        logger.error(
            "results of a task cannot be written", metadata: ["task": "\(results[0].taskID.text)", "error": "\(error)"])
        let failure = StepFailure(
            code: "internal_error", message: "The result could not be written: \(error)", isRetryable: false)
        let alreadyFailing = results.allSatisfy { if case .failed(let known) = $0.outcome { known.code == failure.code } else { false } }
        if alreadyFailing {
            guard error.isOfTheTask else { return [] }
            let scope = Scope.processor(processorID, tenantID: results[0].tenantID)
            return await store.giveUp(scope, results[0].taskID, error, logger) ? [] : results
        }
        return results.map { result in
            var failure = failure
            failure.usage = result.calls.reduce(.zero) { $0 + $1.spent }
            return FinishedStep(
                tenantID: result.tenantID, taskID: result.taskID, stepID: result.stepID, outputID: result.outputID,
                attempt: result.attempt, outcome: .failed(failure), calls: result.calls.map(\.withoutBodies),
                hasSavedText: result.hasSavedText)
        }
    }

    private func commitTogether(_ results: [FinishedStep], tenantID: String) async throws {
        let scope = Scope.processor(processorID, tenantID: tenantID)
        let byTask = Dictionary(grouping: results, by: \.taskID)
        let known = knownTasks.take(byTask.keys, of: tenantID)
        var unknown = Set(byTask.keys)
        if !known.isEmpty, try await commit(known, byTask, scope) { unknown.subtract(known.map(\.graph.taskID)) }
        if !unknown.isEmpty { try await commit(unknown, byTask, scope) }
    }

    /// Goes on from the known graphs of the tasks. False when they do not suffice and the tasks have to be read.
    private func commit(_ known: [KnownTasks.Entry], _ byTask: [UUID: [FinishedStep]], _ scope: Scope) async throws -> Bool {
        let loaded = Dictionary(known.map { ($0.graph.workflowID, $0.workflow) }, uniquingKeysWith: { first, _ in first })
        do {
            return try await claiming(scope, loaded, max: byTask.count * DirectClaims.perTask) { reserved in
                let commit = try await store.withKnownTaskGraphs(scope, known.map(\.graph), work: .due) { graphs in
                    var claims = reserved
                    move(&graphs, loaded, taking: byTask, &claims)
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
        let loaded = try await store.workflowVersions(scope, ofTasks: Array(taskIDs))
        _ = try await claiming(scope, loaded, max: byTask.count * DirectClaims.perTask) { reserved in
            // The body runs again with the values of the expressions that the engines need: the claims add up.
            let claims = Mutex(reserved)
            let commit = try await store.changeTaskGraphs(scope, Array(taskIDs), work: .due) { graphs in
                claims.withLock { move(&graphs, loaded, taking: byTask, &$0) }
            }
            return (claims.withLock { $0 }, commit.known)
        }
    }

    /// Takes results into their tasks and moves these on.
    func move(
        _ graphs: inout [TaskGraph], _ workflows: [UUID: WorkflowVersion], taking results: [UUID: [FinishedStep]] = [:],
        _ claims: inout DirectClaims
    ) {
        // The tasks with the highest priority claim first.
        let order = graphs.indices.sorted { graphs[$0].task.priority > graphs[$1].task.priority }
        for index in order {
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

    /// Runs a transaction that may claim at most `max` of the steps that it adds, and remembers the tasks as it leaves
    /// them. False when the transaction returns nil.
    func claiming(
        _ scope: Scope, _ workflows: [UUID: WorkflowVersion], max: Int,
        _ transaction: (DirectClaims) async throws -> (claims: DirectClaims, known: [KnownTaskGraph])?
    ) async throws -> Bool {
        let reserved =
            claimer?.reserve(scope.tenantID, max) ?? DirectClaims(processorID: processorID, tenantID: scope.tenantID)
        do {
            let commit = try await transaction(reserved)
            for graph in commit?.known ?? [] where graph.hasSteps(of: processorID) {
                if let workflow = workflows[graph.workflowID] { knownTasks.keep(graph, workflow, of: scope.tenantID) }
            }
            claimer?.start(commit?.claims.claims ?? [], reserved.slots)
            return commit != nil
        } catch {
            claimer?.start([], reserved.slots)
            throw error
        }
    }
}

/// The tasks with steps that run here, as the last transaction left them: their next results need not read them.
final class KnownTasks: Sendable {
    struct Entry: Sendable {
        let graph: KnownTaskGraph
        let workflow: WorkflowVersion
    }

    private let entries = Mutex<[TenantKey: Entry]>([:])
    /// A task has an entry while its steps run, and seldom a little longer. Beyond this number all entries are dropped.
    private let capacity = 10_000

    func keep(_ graph: KnownTaskGraph, _ workflow: WorkflowVersion, of tenantID: String) {
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll() }
            entries[TenantKey(tenantID, graph.taskID)] = Entry(graph: graph, workflow: workflow)
        }
    }

    /// Removes and returns the entries of these tasks.
    func take(_ taskIDs: some Sequence<UUID>, of tenantID: String) -> [Entry] {
        entries.withLock { entries in taskIDs.compactMap { entries.removeValue(forKey: TenantKey(tenantID, $0)) } }
    }
}
