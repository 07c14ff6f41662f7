import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Leases and locks", .limit(minutes: 3))
struct LeaseTests {
    @Test("A result that comes after the lease was lost is dropped")
    func fencing() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.approval)
            let gate = Gate()
            let model = ScriptedModel { call in
                await gate.wait()
                return "late text"
            }
            try await newsroom.withProcessor(model) { processor in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'running'") == 1 }
                // Another node takes the step, as after an expired lease, and finishes it.
                let step = try await newsroom.client.query("SELECT id, attempt FROM pressroom.steps WHERE status = 'running'")[0]
                let other = UUIDv7.next()
                _ = try await newsroom.client.query(
                    "UPDATE pressroom.steps SET processor_id = \(other), attempt = attempt + 1 WHERE id = \(try step.decode("id", as: UUID.self))")
                let commits = TaskCommits(
                    store: newsroom.store, processorID: other, logger: newsroom.logger)
                let result = FinishedStep(
                    tenantID: "default", taskID: task, stepID: try step.decode("id"), outputID: nil,
                    attempt: try step.decode("attempt", as: Int.self) + 1, outcome: .completed(.text("other's text", .stop, usage: .zero)))
                #expect(await commits.commit([result]).isEmpty)
                gate.open()
                await processor.running.wait()
                #expect(await commits.commit(processor.finished.takeAll()).isEmpty)
                #expect(try await newsroom.text("SELECT content FROM pressroom.outputs") == "other's text")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == 1)
            }
        }
    }

    @Test("The steps of a processor that is gone are taken over")
    func takeover() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let task = try await newsroom.start(workflow)
            // A processor that claimed everything and died: no heartbeat, no entry.
            _ = try await newsroom.store.wakeTasks(newsroom.scope, [task]) { graphs in
                var engine = TaskEngine(graphs[0], WorkflowVersion(id: workflow.0, definition: workflow.1))
                engine.advance()
                graphs[0] = engine.graph
            }
            let claimed = try await newsroom.store.claimSteps(newsroom.scope, processorID: UUIDv7.next(), limit: 10)
            #expect(claimed.count == 3)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'writing'") == 3)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let status = try await newsroom.waitForEnd(task)
                #expect(status == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == 3)
            }
        }
    }

    @Test("A row that somebody holds in psql keeps back its task and no other", arguments: ["outputs", "tasks", "steps", "phases"])
    func heldRow(table: String) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let model = ScriptedModel { call in
                await gate.wait()
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let held = try await newsroom.start(workflow)
                let before = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'running'") == 6 }
                let assignment = table == "outputs" ? "content = 'fixed by hand'" : "error = '{\"code\": \"by hand\"}'"
                try await newsroom.client.withTransaction { connection in
                    _ = try await connection.query(
                        "UPDATE pressroom.\(identifier: table) SET \(raw: assignment) WHERE task_id = \(held)")
                    gate.open()
                    let after = try await newsroom.start(workflow)
                    #expect(try await newsroom.waitForEnd(before) == "completed")
                    #expect(try await newsroom.waitForEnd(after) == "completed")
                    #expect(try await newsroom.status(held) == "running")
                }
                #expect(try await newsroom.waitForEnd(held) == "completed")
                // A text by hand is a version too.
                let versions = table == "outputs" ? 12 : 9
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.output_versions") == versions)
                #expect(
                    try await newsroom.count("SELECT position - (SELECT count(*) FROM pressroom.events) FROM pressroom.stream_heads") == 0)
            }
        }
    }

    @Test("A client's request on a task that somebody holds is refused after a moment")
    func heldTask() async throws {
        try await withNewsroom { newsroom in
            let task = try await newsroom.start(try await newsroom.publish(Definitions.editorial))
            try await newsroom.client.withTransaction { connection in
                _ = try await connection.query("UPDATE pressroom.tasks SET priority = 1 WHERE task_id = \(task)")
                for request in [
                    { _ = try await newsroom.store.transitionTask(newsroom.scope, task, .cancel, ifVersion: nil) },
                    { try await newsroom.store.deleteTask(newsroom.scope, task, ifVersion: nil) },
                ] as [@Sendable () async throws -> Void] {
                    let error = await #expect(throws: StoreError.self) { try await request() }
                    #expect(error?.code == .conflict)
                }
            }
            #expect(try await newsroom.status(task) == "pending")
        }
    }
}
