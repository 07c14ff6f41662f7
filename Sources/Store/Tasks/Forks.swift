package import Base
package import Foundation
import Postgres
package import Workflow

/// The rows of a new task that takes over what another has before a phase.
///
/// A phase is taken over when it does not come after that phase and is closed for good: completed, failed where that was
/// allowed, or skipped by its own condition. With it come its steps, and what they made: outputs with their texts as
/// they were when the last of these phases was done with them, or as they were changed by hand since, unless a phase that runs
/// again had rewritten them; evaluations, rankings. All get new ids.
package struct TaskFork: Sendable {
    package let taskID = UUIDv7.next()
    /// The phase keys that are taken over.
    package let kept: Set<String>

    private let source: JSON
    private let input: JSON
    private let config: JSON
    /// New ids by old ones.
    private var ids: [String: String] = [:]

    /// - Parameters:
    ///   - state: of the old task, with its versions.
    ///   - phase: the key of the first phase to run again.
    ///   - input: nil for the old task's.
    /// - Throws: `StoreError` `invalid` when there is no such phase; `conflict` when a phase before it is not closed.
    package init(
        of state: JSON, workflow: WorkflowDefinition, phase: String, input: JSON?, config: JSON?
    ) throws(StoreError) {
        guard workflow.phase(phase) != nil else {
            let known = workflow.phases.map(\.id).joined(separator: ", ")
            throw StoreError(
                .invalid, "The workflow has no phase \(phase).",
                problems: [Problem(pointer: "/phase", detail: "is no phase of \(workflow.name); its phases are \(known)")])
        }
        source = state
        self.input = input ?? state["task"]?["input"] ?? [:]
        self.config = config ?? state["task"]?["config"] ?? [:]
        let rows = (state["phases"]?.array ?? []).reduce(into: JSONObject()) { $0[$1["key"]?.string ?? ""] = $1 }
        kept = try Self.phases(before: phase, workflow, rows)
        makeIDs()
    }

    // What of the old task is kept.

    private var keptPhaseIDs: Set<String> {
        Set(list("phases").filter { kept.contains($0["key"]?.string ?? "") }.compactMap { $0["id"]?.string })
    }

    private var keptSteps: [JSON] { ofKeptPhases("steps") }
    private var keptRankings: [JSON] { ofKeptPhases("rankings") }

    /// Those that a kept write phase made.
    private var keptOutputs: [JSON] {
        let written = Set(keptSteps.filter { $0["kind"] == "write" }.compactMap { $0["output_id"]?.string })
        return list("outputs").filter { written.contains($0["id"]?.string ?? "") }
    }

    /// Of each output the texts before the first one by a step that is not kept: those of kept steps, as a step and its text
    /// are of one moment, and those by hand.
    private var keptVersions: [JSON] {
        let made = Set(keptSteps.map { "\($0["output_id"]?.string ?? "") \($0["completed_at"]?.string ?? "")" })
        var rewritten: Set<String> = []
        let versions = list("output_versions").sorted { ($0["version_number"]?.int ?? 0) < ($1["version_number"]?.int ?? 0) }
        let kept = versions.filter { version in
            let output = version["output_id"]?.string ?? ""
            let isKept = version["action"] == "manual" || made.contains("\(output) \(version["created_at"]?.string ?? "")")
            if !isKept { rewritten.insert(output) }
            return !rewritten.contains(output)
        }
        // In the order of the rows, which is that of the new ids.
        let ids = Set(kept.compactMap { $0["id"]?.string })
        return list("output_versions").filter { ids.contains($0["id"]?.string ?? "") }
    }

    private func list(_ table: String) -> [JSON] { source[table]?.array ?? [] }

    private func ofKeptPhases(_ table: String) -> [JSON] {
        let ids = keptPhaseIDs
        return list(table).filter { ids.contains($0["phase_id"]?.string ?? "") }
    }

    // The new rows.

    fileprivate var creation: TaskCreation { TaskCreation(task: task, phases: phases) }
    fileprivate var outputs: JSON { .array(keptOutputs.map { mapped(rewound($0)) }) }
    fileprivate var outputVersions: JSON { .array(keptVersions.map { mapped($0) }) }
    fileprivate var steps: JSON { .array(keptSteps.map { mapped($0, ["processor_id": .null]) }) }
    fileprivate var evaluations: JSON { .array(ofKeptPhases("evaluations").map { mapped($0) }) }
    fileprivate var rankings: JSON { .array(keptRankings.map { mapped($0) }) }

    private var task: JSON {
        let old = source["task"] ?? [:]
        var context = old["context"] ?? [:]
        context["task_id"] = .string(taskID.text)
        return [
            "task_id": .string(taskID.text), "forked_from_task_id": old["task_id"] ?? .null,
            "workflow_id": old["workflow_id"] ?? .null,
            "workflow_name": old["workflow_name"] ?? .null, "workflow_version": old["workflow_version"] ?? .null,
            "config": config, "context": context, "input": input, "priority": old["priority"] ?? 0,
        ]
    }

    private var phases: [JSON] {
        let places = places
        return list("phases").map { row in
            let key = row["key"]?.string ?? ""
            return mapped(
                row,
                kept.contains(key)
                    ? ["place": places[key].map { .integer(Int64($0)) } ?? .null]
                    : [
                        "status": "pending", "iteration": 0, "input": .null, "output": .null, "error": .null,
                        "started_at": .null, "completed_at": .null,
                    ])
        }
    }

    /// The places of the kept phases that completed, counted anew in the order in which they had completed.
    private var places: [String: Int] {
        let completed = list("phases").filter { $0["status"] == "completed" && kept.contains($0["key"]?.string ?? "") }
        let inOrder = completed.sorted { first, second in
            let (left, right) = (first["completed_at"]?.string ?? "~", second["completed_at"]?.string ?? "~")
            return (left, first["ordinal"]?.int ?? 0) < (right, second["ordinal"]?.int ?? 0)
        }
        return inOrder.enumerated().reduce(into: [:]) { $0[$1.element["key"]?.string ?? ""] = $1.offset }
    }

    private func mapped(_ row: JSON, _ changes: JSONObject = [:]) -> JSON {
        var new = replacingIDs(in: row)
        new["task_id"] = .string(taskID.text)
        for (key, value) in changes { new[key] = value }
        return new
    }

    /// Replaces every text that is the id of a row that was taken over.
    private func replacingIDs(in value: JSON) -> JSON {
        switch value {
        case .string(let text): return ids[text].map(JSON.string) ?? value
        case .array(let elements): return .array(elements.map(replacingIDs))
        case .object(let members): return .object(members.mapValues(replacingIDs))
        default: return value
        }
    }

    /// In the order of the rows, so that the new ids rise as the old ones did.
    private mutating func makeIDs() {
        let rows = list("phases") + keptOutputs + keptVersions + keptSteps + ofKeptPhases("evaluations") + keptRankings
        for row in rows {
            if let id = row["id"]?.string { ids[id] = UUIDv7.next().text }
        }
    }
}

extension TaskFork {
    /// Which phases are taken over.
    fileprivate static func phases(
        before phase: String, _ workflow: WorkflowDefinition, _ rows: JSONObject
    ) throws(StoreError) -> Set<String> {
        let upstream = ancestors(of: phase, workflow)
        for key in workflow.phases.map(\.id) where upstream.contains(key) {
            guard let row = rows[key], isClosed(row, workflow.phase(key)) else {
                let status = rows[key]?["status"]?.string ?? "missing"
                throw StoreError(
                    .conflict, "The phase \(key), before \(phase), is \(status).", status: status)
            }
        }
        var kept = Set(
            workflow.phases.filter { candidate in
                guard candidate.id != phase, let row = rows[candidate.id] else { return false }
                return isClosed(row, candidate) && !ancestors(of: candidate.id, workflow).contains(phase)
            }.map(\.id))
        // A phase beside it is kept only with all that it needs.
        var shrinks = true
        while shrinks {
            let sound = kept.filter { key in workflow.phase(key)?.needs.allSatisfy(kept.contains) ?? false }
            shrinks = sound.count < kept.count
            kept = sound
        }
        return kept
    }

    private static func isClosed(_ row: JSON, _ definition: PhaseDefinition?) -> Bool {
        switch row["status"]?.string {
        case "completed": true
        case "failed": definition?.onFailure == .continue
        case "skipped": row["error"]?["code"] != "upstream_failed"
        default: false
        }
    }

    private static func ancestors(of phase: String, _ workflow: WorkflowDefinition) -> Set<String> {
        var found: Set<String> = []
        var open = workflow.phase(phase)?.needs ?? []
        while let next = open.popLast() {
            if found.insert(next).inserted { open += workflow.phase(next)?.needs ?? [] }
        }
        return found
    }
}

extension TaskFork {
    /// The output as it was when the kept phases were done with it.
    private func rewound(_ output: JSON) -> JSON {
        guard let id = output["id"]?.string else { return output }
        var row = judged(output, id)
        guard hasLaterWork(on: id) else { return row }
        let steps = keptSteps.filter { $0["output_id"]?.string == id }
        let versions = keptVersions.filter { $0["output_id"]?.string == id }
        guard let text = versions.max(by: { ($0["version_number"]?.int ?? 0) < ($1["version_number"]?.int ?? 0) }) else {
            return row
        }
        let edits = steps.filter { $0["kind"] == "edit" && $0["status"] == "completed" }
        let last = edits.max { ($0["sequence"]?.int ?? 0) < ($1["sequence"]?.int ?? 0) }?["output"]
        row["content"] = text["content"]
        if row["version_number"] != text["version_number"] {
            // A polished text has no step output of its own, and is whole.
            let writing = steps.last { $0["output"]?["version_number"] == text["version_number"] }?["output"]
            row["edited_by"] = text["action"] == "manual" ? text["agent"]?["actor"] ?? .null : .null
            row["finish_reason"] = writing?["finish_reason"] ?? (text["action"] == "edit" ? "stop" : .null)
        }
        row["version_number"] = text["version_number"]
        row["edit_cycle"] = .integer(Int64(edits.count))
        if last == nil { row["editor"] = .null }
        row["editor_feedback"] = last?["feedback"] ?? .null
        row["editor_approved"] = last?["approved"] ?? .null
        row["usage"] = sum(versions.map { $0["usage"] ?? [:] } + edits.map { $0["output"]?["usage"] ?? [:] })
        row["error"] = .null
        let isGivenUp = last?["done"] == true && last?["approved"] == false
        row["status"] = isGivenUp ? "max_cycles_reached" : "pending_edit"
        return row
    }

    /// Whether a phase that runs again has worked on the output.
    private func hasLaterWork(on id: String) -> Bool {
        let ids = keptPhaseIDs
        return list("steps").contains { step in
            step["output_id"]?.string == id && !ids.contains(step["phase_id"]?.string ?? "")
                && ["edit", "rewrite"].contains(step["kind"]?.string)
        } || (output(id)?["status"]?.string).map { !Self.settled.contains($0) } ?? false
    }

    private static let settled: Set<String> = ["approved", "max_cycles_reached", "failed"]

    private func output(_ id: String) -> JSON? {
        list("outputs").first { $0["id"]?.string == id }
    }

    /// With the marks of the kept judges only: of each stage those of the last ranking, and of the last selection.
    private func judged(_ output: JSON, _ id: String) -> JSON {
        var row = output
        for (stage, score, rank) in [
            ("initial", "initial_avg_score", "initial_rank"), ("final", "final_total_score", "final_rank"),
        ] {
            let entry = keptRankings.filter { $0["stage"]?.string == stage }.reversed().lazy
                .compactMap { $0["entries"]?.array?.first { $0["output_id"]?.string == id } }.first
            let total = entry?["total_score"].flatMap { $0.isNull ? nil : $0 }
            row[score] = (stage == "final" ? total : nil) ?? entry?["avg_score"] ?? .null
            row[rank] = entry?["rank"] ?? .null
        }
        let selections = list("phases").filter { $0["kind"] == "select" && kept.contains($0["key"]?.string ?? "") }
        row["is_finalist"] = .bool(
            selections.contains { $0["output"]?["output_ids"]?.array?.contains { $0.string == id } ?? false })
        return row
    }

    private func sum(_ usages: [JSON]) -> JSON {
        usages.map(Usage.init(json:)).reduce(.zero, +).json
    }
}

extension Store {
    /// Creates the rows of a fork in a transaction that `write` has opened.
    package func forkTask(on transaction: WriteTransaction, _ scope: Scope, _ fork: TaskFork) async throws -> TaskView {
        let tenant = scope.tenantID
        let stepColumns =
            StepRow.table.columns + "priority integer, run_at timestamptz, started_at timestamptz, completed_at timestamptz"
        let results = try await transaction.pipeline(
            TaskCreation.queries(scope, [fork.creation]) + [
                OutputRow.table.insert(fork.outputs, tenant, OutputRow.table.columns + "edited_by text"),
                // The time of a text stays as it is: it tells which step made it.
                OutputVersionRow.table.insert(
                    fork.outputVersions, tenant, OutputVersionRow.table.columns + "created_at timestamptz"),
                StepRow.table.insert(fork.steps, tenant, stepColumns),
                EvaluationRow.table.insert(fork.evaluations, tenant),
                RankingRow.table.insert(fork.rankings, tenant),
            ])
        transaction.announce(.due)
        return try TaskView(results[0][0], taskID: fork.taskID)
    }
}
