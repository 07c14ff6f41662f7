import Base
import Foundation
import Postgres
import Workflow

/// The rows that a change of task graphs added or altered, as `json_to_recordset` reads them.
struct TaskGraphChanges: Sendable {
    var newOutputs: [JSON] = []
    var newSteps = RecordSet()
    var newEvaluations: [JSON] = []
    var newVersions: [JSON] = []
    var newLogs: [JSON] = []
    var newAttempts = RecordSet()
    var newCalls = RecordSet()
    var newBodies = RecordSet()
    var rankings: [JSON] = []
    var outputs: [JSON] = []
    var evaluations: [JSON] = []
    var steps = RecordSet()
    var phases = RecordSet()
    var tasks = RecordSet()
    var receivedSignals: [JSON] = []
    var newSubtasks: [(creation: TaskCreation, tie: JSON)] = []
    var cancelledSubtasks: [UUID] = []
    var newHumanTasks: [JSON] = []
    var humanTasks: [JSON] = []
    var wakeups: [JSON] = []
    var finalists: [(taskID: UUID, finalists: TaskGraph.Finalists)] = []
    /// Outputs and steps whose text is no longer in progress.
    var endedTexts: [UUID] = []

    init(from before: [TaskGraph], to after: [TaskGraph]) {
        for (old, new) in zip(before, after) {
            add(old, new)
        }
    }

    /// Whether all that changes are rows whose changes have events: of the tasks, their phases, steps, drafts and verdicts.
    /// Attempts, calls, versions, rankings and lines of the log are only added.
    var areOfKnownRows: Bool {
        receivedSignals.isEmpty && newSubtasks.isEmpty && cancelledSubtasks.isEmpty && newHumanTasks.isEmpty
            && humanTasks.isEmpty && wakeups.isEmpty
    }

    private mutating func add(_ old: TaskGraph, _ new: TaskGraph) {
        let taskID = new.task.taskID
        func owned(_ row: JSON) -> JSON {
            guard case .object(var members) = row else { return row }
            members["task_id"] = .string(taskID.text)
            return .object(members)
        }
        let (addedOutputs, changedOutputs) = difference(old.outputs, new.outputs)
        let (addedSteps, changedSteps) = difference(old.steps, new.steps)
        let (addedEvaluations, changedEvaluations) = difference(old.evaluations, new.evaluations)
        newOutputs += addedOutputs.map { owned($0.json) }
        for step in addedSteps { newSteps.add { step.write(to: &$0, taskID: taskID, priority: new.task.priority) } }
        for step in changedSteps { steps.add { step.write(to: &$0, taskID: taskID, priority: new.task.priority) } }
        newEvaluations += addedEvaluations.map { owned($0.json) }
        outputs += changedOutputs.map { owned($0.json) }
        evaluations += changedEvaluations.map { owned($0.json) }
        for phase in difference(old.phases, new.phases).changed { phases.add { phase.write(to: &$0) } }
        newLogs += new.newLogs.map { owned($0.json) }
        for attempt in new.newAttempts { newAttempts.add { attempt.write(to: &$0) } }
        for call in new.newCalls {
            newCalls.add { call.write(to: &$0, taskID: taskID) }
            if let bodies = call.bodies { newBodies.add { call.writeBodies(to: &$0, bodies) } }
        }
        let (addedHumanTasks, changedHumanTasks) = difference(old.humanTasks, new.humanTasks)
        newHumanTasks += addedHumanTasks.map { owned($0.json) }
        humanTasks += changedHumanTasks.map { owned($0.json) }
        newSubtasks += new.newSubtasks.map { $0.rows(of: new.task) }
        cancelledSubtasks += new.cancelledSubtasks
        newVersions += new.newVersions.map { owned($0.json) }
        rankings += new.newRankings.map { owned($0.json) }
        finalists += new.newFinalists.map { (taskID, $0) }
        if old.task != new.task { tasks.add { new.task.write(to: &$0) } }
        if let delay = new.wakeAfter {
            wakeups.append(["task_id": .string(taskID.text), "run_in": .number(delay / .seconds(1))])
        }
        receivedSignals += new.signals.compactMap { signal in
            signal.receivedBy.map { ["id": .string(signal.id.text), "received_by": .string($0.text)] }
        }
        endedTexts += new.endedTexts
        endedTexts += changedOutputs.filter { $0.status != .writing && $0.status != .rewriting }.map(\.id)
    }

    /// Rows keep their places; new ones come after them.
    private func difference<Row: Equatable>(
        _ old: [Row], _ new: [Row]
    ) -> (added: ArraySlice<Row>, changed: [Row]) {
        (new.dropFirst(old.count), zip(old, new).filter { $0 != $1 }.map(\.1))
    }
}

extension TaskGraphChanges {
    /// The statements that write the changed rows. Those without events come first, then one that writes the rows of all
    /// tables with events: it takes the tenant's head at its end. A task's own row is its last part, so that the event that
    /// ends a task is the last of its transaction.
    func queries(_ scope: Scope) -> [PostgresQuery] {
        let tenant = scope.tenantID
        func rows(_ rows: [JSON], _ query: (JSON) -> PostgresQuery) -> [PostgresQuery] {
            rows.isEmpty ? [] : [query(.array(rows))]
        }
        func records(_ rows: RecordSet, _ query: (RecordSet) -> PostgresQuery) -> [PostgresQuery] {
            rows.isEmpty ? [] : [query(rows)]
        }
        let silent =
            (endedTexts.isEmpty ? [] : [LiveText.delete(of: endedTexts, tenant)])
            + rows(receivedSignals) { SignalRow.table.update($0, tenant) }
            + rows(wakeups) { Store.upsertWakeups($0, tenant) }
        let subtasks =
            (newSubtasks.isEmpty ? [] : SubtaskRow.insert(newSubtasks, scope))
            + (cancelledSubtasks.isEmpty ? [] : [SubtaskRow.requestCancellations(cancelledSubtasks, tenant)])
        // Calls come before the attempt that made them, and both before the steps, whose rows the attempts are made of.
        let record =
            records(newBodies) { CallRow.insertBodies($0, tenant) }
            + records(newCalls) { CallRow.insert($0, tenant) }
            + records(newAttempts) { AttemptRow.insert($0, tenant) }
        let works =
            rows(newOutputs) { "\(part: OutputRow.table.insert($0, tenant, OutputRow.added)) WHERE true" }
            // A text that is not yet a version counts as one by hand (migrations/0014_by_hand).
            + rows(newVersions) { "\(part: OutputVersionRow.table.insert($0, tenant)) WHERE true" }
            + rows(outputs) { OutputRow.table.update($0, tenant) }
            + rows(evaluations) { EvaluationRow.table.update($0, tenant) }
        let steps =
            records(steps) { StepRow.update($0, tenant) }
            + records(newSteps) { StepRow.insert($0, tenant) }
            + rows(humanTasks) { HumanTaskRow.update($0, tenant) }
            + rows(newHumanTasks) { HumanTaskRow.insert($0, tenant) }
            + rows(newEvaluations) { "\(part: EvaluationRow.table.insert($0, tenant, EvaluationRow.added)) WHERE true" }
        // These cannot be parts of the one statement: a function that appends an event, and ON CONFLICT.
        let choices =
            finalists.map { $1.appendEvent($0, tenant) }
            + rows(rankings) { RankingRow.upsert($0, tenant) }
        let task =
            rows(newLogs) { LogRow.insert($0, tenant) }
            + records(phases) { PhaseRow.table.update($0, tenant) }
            + records(tasks) { TaskRow.table.update($0, tenant) }
        guard !choices.isEmpty else { return silent + subtasks + Self.joined(record + works + steps + task) }
        return silent + subtasks + Self.joined(record + works + steps) + choices + Self.joined(task)
    }

    /// Statements of different tables, or of different commands, as one: it writes all their rows, and then their events,
    /// in the same order. So the tenant's head is held while events are written and not while rows are.
    private static func joined(_ queries: [PostgresQuery]) -> [PostgresQuery] {
        guard queries.count > 1 else { return queries }
        var joined: PostgresQuery = "WITH"
        for (number, query) in queries.enumerated() {
            let isLast = number == queries.count - 1
            joined.sql += isLast ? " " : (number == 0 ? " " : ", ") + "part\(number) AS ("
            joined += query
            // Each part looks at the one before it: without that, PostgreSQL promises no order.
            if number > 0 { joined.sql += " AND (SELECT count(*) FROM part\(number - 1)) IS NOT NULL" }
            if !isLast { joined.sql += " RETURNING 1)" }
        }
        return [joined]
    }
}
