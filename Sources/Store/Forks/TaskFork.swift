package import Base
package import Foundation
package import Workflow

/// The rows of a new task that takes over from another what lies before a phase.
///
/// A phase is taken over when it does not come after that phase and is closed for good: completed, failed where that was
/// allowed, or skipped by its own condition. With it come its steps, and what they made: outputs with their texts as
/// they were when the last of these phases was done with them, evaluations, rankings. All get new ids.
package struct TaskFork: Sendable {
    package let taskID = UUIDv7.next()
    /// The phase keys that are taken over.
    package let kept: Set<String>

    let source: JSON
    let input: JSON
    let config: JSON
    /// New ids by old ones.
    private(set) var ids: [String: String] = [:]

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
        let rows = (state["phases"]?.array ?? []).reduce(into: [String: JSON]()) { $0[$1["key"]?.string ?? ""] = $1 }
        kept = try Self.phases(before: phase, workflow, rows)
        makeIDs()
    }

    /// The rows that `jsonb_populate_recordset` reads.
    func rows(_ table: String) -> JSON {
        switch table {
        case "tasks": .array([task])
        case "phases": .array(phases)
        case "steps": .array(keptSteps.map { mapped($0, ["processor_id": .null]) })
        case "outputs": .array(keptOutputs.map { mapped(rewound($0)) })
        case "output_versions": .array(keptVersions.map { mapped($0) })
        case "evaluations": .array(ofKeptPhases("evaluations").map { mapped($0) })
        case "rankings": .array(keptRankings.map { mapped($0) })
        default: []
        }
    }

    // What of the old task is kept.

    var keptPhaseIDs: Set<String> {
        Set(list("phases").filter { kept.contains($0["key"]?.string ?? "") }.compactMap { $0["id"]?.string })
    }

    var keptSteps: [JSON] { ofKeptPhases("steps") }
    var keptRankings: [JSON] { ofKeptPhases("rankings") }

    /// Those that a kept write phase made.
    var keptOutputs: [JSON] {
        let written = Set(keptSteps.filter { $0["kind"] == "write" }.compactMap { $0["output_id"]?.string })
        return list("outputs").filter { written.contains($0["id"]?.string ?? "") }
    }

    /// The texts that a kept step made: a step and its text are of one moment.
    var keptVersions: [JSON] {
        let made = Set(keptSteps.map { "\($0["output_id"]?.string ?? "") \($0["completed_at"]?.string ?? "")" })
        return list("output_versions").filter { version in
            made.contains("\(version["output_id"]?.string ?? "") \(version["created_at"]?.string ?? "")")
        }
    }

    func list(_ table: String) -> [JSON] { source[table]?.array ?? [] }

    private func ofKeptPhases(_ table: String) -> [JSON] {
        let ids = keptPhaseIDs
        return list(table).filter { ids.contains($0["phase_id"]?.string ?? "") }
    }

    // The new rows.

    private var task: JSON {
        let old = source["task"] ?? [:]
        var context = old["context"] ?? [:]
        context["task_id"] = .string(taskID.text)
        return [
            "task_id": .string(taskID.text), "forked_from_task_id": old["task_id"] ?? .null,
            "workspace_id": old["workspace_id"] ?? .null, "workflow_id": old["workflow_id"] ?? .null,
            "workflow_name": old["workflow_name"] ?? .null, "workflow_version": old["workflow_version"] ?? .null,
            "config": config, "context": context, "input": input, "priority": old["priority"] ?? 0,
            "accumulated_context": accumulatedContext,
        ]
    }

    private var phases: [JSON] {
        list("phases").map { row in
            let isKept = kept.contains(row["key"]?.string ?? "")
            return mapped(
                row,
                isKept
                    ? [:]
                    : [
                        "status": "pending", "iteration": 0, "input": .null, "output": .null, "error": .null,
                        "started_at": .null, "completed_at": .null,
                    ])
        }
    }

    /// What the kept phases brought, and their texts counted anew in the order in which they had finished.
    private var accumulatedContext: JSON {
        let old = source["task"]?["accumulated_context"] ?? [:]
        let outputs = old["phases"]?.object ?? [:]
        let finished = list("phases").filter { outputs[$0["key"]?.string ?? ""] != nil }.sorted { first, second in
            let (left, right) = (first["completed_at"]?.string ?? "~", second["completed_at"]?.string ?? "~")
            return (left, first["ordinal"]?.int ?? 0) < (right, second["ordinal"]?.int ?? 0)
        }
        var members: [String: JSON] = [:]
        var phases: [String: JSON] = [:]
        for (number, row) in finished.enumerated() {
            guard let key = row["key"]?.string, kept.contains(key) else { continue }
            members["step_\(phases.count)_output"] = old["step_\(number)_output"] ?? ""
            phases[key] = outputs[key]
        }
        members["phases"] = .object(phases)
        return replacingIDs(in: .object(members))
    }

    private func mapped(_ row: JSON, _ changes: [String: JSON] = [:]) -> JSON {
        var new = replacingIDs(in: row)
        new["task_id"] = .string(taskID.text)
        for (key, value) in changes { new[key] = value }
        return new
    }

    /// Every text that is the id of a row that was taken over, wherever it stands.
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
