import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Rows changed by hand while their steps run", .limit(minutes: 3))
struct ByHandTests {
    @Test("A draft that is approved while its editor runs goes on; the editor's late answer changes nothing")
    func approvedByHand() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let model = ScriptedModel { call in
                if call.request.schema?.name == "edit_decision" { await gate.wait() }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'editing'") == 3 }
                _ = try await newsroom.client.query("UPDATE pressroom.outputs SET status = 'approved', content = 'by hand' WHERE track = 'warm'")
                gate.open()
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT content FROM pressroom.outputs WHERE track = 'warm'") == "by hand")
                #expect(try await newsroom.count("SELECT edit_cycle FROM pressroom.outputs WHERE track = 'warm'") == 0)
            }
        }
    }

    @Test("A draft that is approved while its task is paused does not keep others from being claimed")
    func approvedWhilePaused() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let model = ScriptedModel { call throws(ProviderError) in
                if call.request.schema?.name == "edit_decision" { await gate.wait() }
                if Task.isCancelled { throw ProviderError(code: .cancelled, message: "dropped") }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { processor in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'editing'") == 3 }
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .pause, ifVersion: nil)
                _ = try await newsroom.client.query("UPDATE pressroom.outputs SET status = 'approved' WHERE track = 'warm'")
                gate.open()
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .resume, ifVersion: nil)
                let other = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(other) == "completed")
                #expect(try await newsroom.waitForEnd(task) == "completed")
            }
        }
    }

    @Test("A step that is closed by hand makes room for the one that waits behind it")
    func parkedSteps() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                Definitions.editorial.replacing("id: write, kind: write,", with: "id: write, kind: write, concurrency: 1,"))
            let gate = Gate()
            let model = ScriptedModel { call in
                if call.agent == "warm" { await gate.wait() }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'running'") == 1 }
                _ = try await newsroom.client.query("UPDATE pressroom.steps SET status = 'failed' WHERE status = 'running'")
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE content IS NOT NULL") == 2 }
                gate.open()
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT status FROM pressroom.outputs WHERE track = 'warm'") == "failed")
            }
        }
    }

    @Test("A task that is to start later is not started by a signal")
    func startsLater() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.approval)
            let other = try await newsroom.publish(Definitions.editorial)
            let taskID = UUIDv7.next()
            _ = try await newsroom.store.startTask(
                newsroom.scope,
                TaskStart(
                    taskID: taskID, workflow: workflow.1, workflowID: workflow.0, input: ["topic": "later"], config: [:],
                    context: ExecutionContext(tenantID: "default", userID: "local", taskID: taskID, traceID: "00"), priority: 0,
                    runAt: "2099-01-01T00:00:00Z", idempotencyKey: nil))
            try await newsroom.store.addSignal(newsroom.scope, taskID: taskID, name: "approved", data: nil)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                try await newsroom.until {
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.wakeups WHERE task_id = \(taskID) AND run_at > '2098-01-01'") == 1
                }
                let after = try await newsroom.start(other)
                #expect(try await newsroom.waitForEnd(after) == "completed")
                #expect(try await newsroom.status(taskID) == "pending")
            }
        }
    }

    @Test("NUL in a model's answers does not reach the rows, and costs nothing")
    func nul() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let model = ScriptedModel { call in
                switch call.request.schema?.name {
                case "edit_decision": return #"{"approved": true, "feedback": "go\u0000od", "content": "pol\u0000ished \\u0000"}"#
                case nil: return "a\0b"
                default: return call.soundAnswer.replacing("fine", with: #"fi\u0000ne"#)
                }
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT DISTINCT content FROM pressroom.outputs") == #"polished \u0000"#)
                #expect(try await newsroom.text("SELECT DISTINCT reasoning FROM pressroom.evaluations WHERE stage = 'initial'") == "fine")
            }
        }
    }
}
