import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Signals", .limit(minutes: 3))
struct SignalTests {
    @Test("A task waits for its signal")
    func waits() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.approval)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.status(task) == "waiting" }
                try await newsroom.store.addSignal(newsroom.scope, taskID: task, name: "other", data: 1)
                try await newsroom.store.addSignal(newsroom.scope, taskID: task, name: "approved", data: ["by": "ada"])
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT output -> 'data' ->> 'by' FROM pressroom.phases WHERE key = 'approve'") == "ada")
                #expect(try await newsroom.text("SELECT name FROM pressroom.signals WHERE received_by IS NULL") == "other")
            }
        }
    }

    @Test("A signal that comes early is kept")
    func early() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.approval)
            let task = try await newsroom.start(workflow)
            try await newsroom.store.addSignal(newsroom.scope, taskID: task, name: "approved", data: "early")
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let status = try await newsroom.waitForEnd(task)
                #expect(status == "completed")
            }
        }
    }

    @Test("Without its signal the phase times out; a retry waits anew")
    func timeout() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                Definitions.approval.replacing("name: approved}", with: "name: approved, timeout: 50ms}"))
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.steps WHERE kind = 'signal'") == "timeout")
                try await newsroom.store.addSignal(newsroom.scope, taskID: task, name: "approved", data: nil)
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
            }
        }
    }

    @Test("A wait that an operator closes by hand lets its task go on, although its timer has long to run")
    func closedByHand() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                Definitions.approval.replacing("name: approved}", with: "name: approved, timeout: 2d}"))
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.status(task) == "waiting" }
                _ = try await newsroom.client.query(
                    """
                    UPDATE pressroom.steps SET status = 'completed', output = '{"data": "by hand"}'
                     WHERE task_id = \(task) AND kind = 'signal'
                    """)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT output ->> 'data' FROM pressroom.phases WHERE key = 'approve'") == "by hand")
            }
        }
    }
}
