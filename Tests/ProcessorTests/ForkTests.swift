import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Forks", .limit(minutes: 3))
struct ForkTests {
    @Test("A fork from each phase runs to the end, takes over what came before, and leaves the old task alone")
    func fromEachPhase() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            // The editor sends each first draft back once.
            let model = ScriptedModel { call throws(ProviderError) in
                call.request.schema?.name == "edit_decision" && call.repetition == 1 && call.prompt.contains("A draft by")
                    && !call.prompt.contains("again")
                    ? #"{"approved": false, "feedback": "again", "content": null}"# : call.soundAnswer
            }
            let task = try await newsroom.start(workflow)
            try await newsroom.withProcessor(model) { _ in
                let end = try await newsroom.waitForEnd(task)
                #expect(end == "completed")
            }
            let old = try await newsroom.stateJSON(task)
            let keys = ["write", "edit", "judge", "finalists", "rank"]
            var sources = keys.map { _ in task }
            for _ in 0..<2 {  // forks, then forks of forks
                for (number, key) in keys.enumerated() {
                    let source = try await newsroom.stateJSON(sources[number])
                    sources[number] = try await newsroom.fork(sources[number], workflow.1, key)
                    let fork = try await newsroom.stateJSON(sources[number])
                    #expect(
                        fork["phases"]?.array?.map { $0["status"] }
                            == keys.indices.map { $0 < number ? "completed" : "pending" })
                    #expect(fork["task"]?["forked_from_task_id"] == source["task"]?["task_id"])
                    expectTakenOver(source, fork, keys.prefix(number))
                }
                let forks = sources
                try await newsroom.withProcessor(model) { _ in
                    for fork in forks {
                        #expect(try await newsroom.waitForEnd(fork) == "completed")
                        let last = try await newsroom.stateJSON(fork)
                        #expect(last["outputs"]?.array?.count == 3)
                        #expect(last["rankings"]?.array?.count == 2)
                        #expect(last["evaluations"]?.array?.count == 6 + 4)
                        #expect(last["task"]?["result"]?["winner"]?["content"]?.string?.isEmpty == false)
                    }
                }
            }
            let after = try await newsroom.stateJSON(task)
            #expect(after.without("cursor") == old.without("cursor"))
        }
    }

    @Test("A fork from the edit phase begins with the drafts as they were written")
    func rewinds() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let polishing = ScriptedModel { call throws(ProviderError) in
                call.request.schema?.name == "edit_decision"
                    ? #"{"approved": true, "feedback": "fine", "content": "Polished."}"# : call.soundAnswer
            }
            let task = try await newsroom.withProcessor(polishing) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                return task
            }
            let edited = try await newsroom.stateJSON(try await newsroom.fork(task, workflow.1, "judge"))
            for output in edited["outputs"]?.array ?? [] {
                #expect([output["status"], output["content"]] == ["approved", "Polished."])
                #expect([output["version_number"], output["edit_cycle"], output["editor_approved"]] == [2, 1, true])
                #expect([output["initial_rank"], output["final_rank"], output["is_finalist"]] == [.null, .null, false])
            }
            let written = try await newsroom.stateJSON(try await newsroom.fork(task, workflow.1, "edit"))
            #expect(written["output_versions"]?.array?.count == 3)
            for output in written["outputs"]?.array ?? [] {
                #expect(output["content"]?.string?.hasPrefix("A draft by") == true)
                #expect([output["status"], output["version_number"], output["edit_cycle"]] == ["pending_edit", 1, 0])
                #expect([output["editor"], output["editor_feedback"], output["editor_approved"]] == [.null, .null, .null])
                #expect(output["usage"]?["total_tokens"] == 15)
            }
            let context = written["task"]?["accumulated_context"]
            #expect(context?["phases"]?.object?.keys.sorted() == ["write"])
            #expect(context?["step_0_output"]?.string?.contains("A draft by") == true)
            #expect(context?["step_1_output"] == nil)
        }
    }

    @Test("A running task can be forked where everything before is closed, and nowhere else")
    func running() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.approval)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.status(task) == "waiting" }
                let fork = try await newsroom.fork(task, workflow.1, "approve")
                try await newsroom.until { try await newsroom.status(fork) == "waiting" }
                try await newsroom.store.addSignal(newsroom.scope, taskID: fork, name: "approved", data: 1)
                #expect(try await newsroom.waitForEnd(fork) == "completed")
                #expect(try await newsroom.status(task) == "waiting")
            }
            let fresh = try await newsroom.start(workflow)
            await #expect { try await newsroom.fork(fresh, workflow.1, "approve") } throws: { error in
                (error as? StoreError)?.code == .conflict && (error as? StoreError)?.status == "pending"
            }
            await #expect { try await newsroom.fork(fresh, workflow.1, "aprove") } throws: { error in
                (error as? StoreError)?.problems.first?.pointer == "/phase"
            }
        }
    }

    /// Rows of the kept phases are there, with the same content under other ids, and refer to each other.
    private func expectTakenOver(_ old: JSON, _ new: JSON, _ keys: ArraySlice<String>) {
        let oldPhases = Set((old["phases"]?.array ?? []).filter { keys.contains($0["key"]?.string ?? "") }.map { $0["id"] })
        for table in ["steps", "evaluations", "rankings"] {
            let wanted = (old[table]?.array ?? []).filter { oldPhases.contains($0["phase_id"]) }
            let got = new[table]?.array ?? []
            #expect(got.count == wanted.count, "\(table) before \(keys)")
            for (one, other) in zip(wanted, got) {
                for column in ["kind", "agent", "status", "sequence", "score", "stage", "rank", "method", "reasoning"] {
                    #expect(one[column] == other[column], "\(table).\(column)")
                }
            }
        }
        let oldIDs = Set(["phases", "steps", "outputs", "evaluations", "rankings", "output_versions"].flatMap { table in
            (old[table]?.array ?? []).compactMap { $0["id"]?.string }
        })
        let text = new.without("cursor").text
        #expect(oldIDs.allSatisfy { !text.contains($0) }, "ids of the old task in the fork from after \(keys)")
        let outputs = Set((new["outputs"]?.array ?? []).map { $0["id"] })
        for version in new["output_versions"]?.array ?? [] { #expect(outputs.contains(version["output_id"])) }
    }
}

extension Newsroom {
    fileprivate func fork(_ task: UUID, _ workflow: WorkflowDefinition, _ phase: String) async throws -> UUID {
        let fork = try TaskFork(of: try await stateJSON(task), workflow: workflow, phase: phase, input: nil, config: nil)
        _ = try await store.write(scope) { try await self.store.forkTask(on: $0, self.scope, fork) }
        return fork.taskID
    }

    fileprivate func stateJSON(_ task: UUID) async throws -> JSON {
        try JSON(parsing: try await store.taskState(scope, task, include: [.versions, .accumulatedContext])?.json.bytes ?? [])
    }
}

extension JSON {
    fileprivate func without(_ key: String) -> JSON {
        var copy = self
        copy[key] = nil
        return copy
    }
}
