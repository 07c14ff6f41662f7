import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Pause, resume, cancel, shut down", .limit(minutes: 3))
struct ActionTests {
    @Test("Pause drops the running calls; resume runs them again; the pause costs no attempt")
    func pauseAndResume() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let model = ScriptedModel { call throws(ProviderError) in
                await gate.wait()
                if Task.isCancelled { throw ProviderError(code: .cancelled, message: "dropped") }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { processor in
                let task = try await newsroom.start(workflow)
                await model.waitForCalls(3)
                let view = try await newsroom.store.transitionTask(newsroom.scope, task, .pause, ifVersion: nil)
                #expect(view.status == "paused")
                await processor.running.wait()
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'pending'") == 3)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'pending_write'") == 3)
                gate.open()
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .resume, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT min(max_attempts - attempt) FROM pressroom.steps WHERE kind = 'write'") == 2)
            }
        }
    }

    @Test("Cancel drops the running calls and closes everything")
    func cancel() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let model = ScriptedModel { call throws(ProviderError) in
                await gate.wait()
                throw ProviderError(code: .cancelled, message: "dropped")
            }
            try await newsroom.withProcessor(model) { processor in
                let task = try await newsroom.start(workflow)
                await model.waitForCalls(3)
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .cancel, ifVersion: nil)
                await processor.running.wait()
                #expect(try await newsroom.text("SELECT string_agg(DISTINCT status, ',') FROM pressroom.steps") == "cancelled")
                #expect(try await newsroom.text("SELECT string_agg(DISTINCT status, ',') FROM pressroom.phases") == "cancelled")
                #expect(try await newsroom.text("SELECT string_agg(DISTINCT status, ',') FROM pressroom.outputs") == "failed")
                await #expect(throws: StoreError.self) {
                    try await newsroom.store.transitionTask(newsroom.scope, task, .resume, ifVersion: nil)
                }
            }
        }
    }

    @Test("Cancel in the middle of a list drops the calls that run, and the others never begin")
    func cancelList() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: listed
                version: 1.0.0
                agents: {reader: {role: reader, model: test/m}}
                phases:
                  - {id: each, kind: agent, agents: [reader], prompt: "On {{item}}.", for_each: "$.input.items", concurrency: 4}
                """)
            let gate = Gate()
            let model = ScriptedModel { call throws(ProviderError) in
                await gate.wait()
                if Task.isCancelled { throw ProviderError(code: .cancelled, message: "dropped") }
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { processor in
                let items = JSON.array((0..<50).map { .integer($0) })
                let task = try await newsroom.start(workflow, input: ["items": items])
                await model.waitForCalls(4)
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .cancel, ifVersion: nil)
                await processor.running.wait()
                gate.open()
                let other = try await newsroom.start(try await newsroom.publish(Definitions.editorial))
                #expect(try await newsroom.waitForEnd(other) == "completed")
                #expect(model.calls.count { $0 == "reader" } == 4)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE task_id = \(task) AND status <> 'cancelled'") == 0)
            }
        }
    }

    @Test("A shutdown hands running steps back at once; the next processor finishes them")
    func shutdown() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            let gate = Gate()
            let stuck = ScriptedModel { call throws(ProviderError) in
                await gate.wait()
                throw ProviderError(code: .cancelled, message: "dropped")
            }
            let task = try await newsroom.withProcessor(stuck) { _ in
                let task = try await newsroom.start(workflow)
                await stuck.waitForCalls(3)
                return task
            }
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'pending'") == 3)
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.processors") == 0)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let status = try await newsroom.waitForEnd(task)
                #expect(status == "completed")
            }
        }
    }
}
