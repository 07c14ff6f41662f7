import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Lists and cycles of steps", .limit(minutes: 3))
struct ListTests {
    private static func definition(_ attributes: String) -> String {
        """
        name: list
        version: 1.0.0
        agents:
          ada: {role: writer, model: test/m}
        phases:
          - {id: each, kind: agent, agents: [ada], retry: {max_attempts: 1}, prompt: "{{index}}-{{item.name}}",
             for_each: "$.input.list", \(attributes)}
        """
    }

    private static let input: JSON = ["list": [["name": "a"], ["name": "b"], ["name": "c"], ["name": "d"], ["name": "e"]]]

    @Test("Results are in the order of the list, whoever is first; no more run at once than allowed")
    func order() async throws {
        try await withNewsroom { newsroom in
            let running = Mutex((now: 0, most: 0))
            let (first, second) = (Gate(), Gate())
            // The second waits until the first has begun, and the first until the second has ended: they run together.
            let model = ScriptedModel { call throws(ProviderError) in
                running.withLock { running in
                    running.now += 1
                    running.most = max(running.most, running.now)
                }
                if call.prompt == "0-a" {
                    first.open()
                    await second.wait()
                }
                if call.prompt == "1-b" {
                    await first.wait()
                    second.open()
                }
                running.withLock { $0.now -= 1 }
                return "answer to \(call.prompt)"
            }
            let workflow = try await newsroom.publish(Self.definition("concurrency: 2"))
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow, input: Self.input)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let answers = try await newsroom.text("SELECT jsonb_path_query_array(output::jsonb, '$.items[*].output')::text FROM pressroom.phases")
                #expect(
                    answers == #"["answer to 0-a", "answer to 1-b", "answer to 2-c", "answer to 3-d", "answer to 4-e"]"#)
                #expect(running.withLock { $0.most } == 2)
                // One step a piece of work, each claimed once.
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE attempt = 1") == 5)
                #expect(try await newsroom.count("SELECT count(DISTINCT input ->> 'index') FROM pressroom.steps") == 5)
            }
        }
    }

    @Test("A failure fails the phase when all have run; a retry runs only what failed")
    func retry() async throws {
        try await withNewsroom { newsroom in
            let isMended = Flag()
            let model = ScriptedModel { call throws(ProviderError) in
                if call.prompt == "1-b", !isMended.isSet { throw ProviderError(code: .refused, message: "no b") }
                return call.prompt
            }
            let workflow = try await newsroom.publish(Self.definition("concurrency: 3"))
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow, input: Self.input)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                let error = try await newsroom.text("SELECT (error ->> 'code') || ' ' || (error ->> 'message') FROM pressroom.phases")
                #expect(error == "refused Item 2: no b")
                #expect(model.calls.count == 5)
                isMended.set()
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(model.calls.count == 6)
                let answers = try await newsroom.text("SELECT jsonb_path_query_array(output::jsonb, '$.items[*].output')::text FROM pressroom.phases")
                #expect(answers == #"["0-a", "1-b", "2-c", "3-d", "4-e"]"#)
            }
        }
    }

    @Test("A failure that may be leaves its place empty and says why")
    func holes() async throws {
        try await withNewsroom { newsroom in
            let model = ScriptedModel { call throws(ProviderError) in
                if call.prompt == "1-b" { throw ProviderError(code: .refused, message: "no b") }
                return call.prompt
            }
            let workflow = try await newsroom.publish(Self.definition("on_failure: continue"))
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow, input: Self.input)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let output = try JSON(parsing: try await newsroom.text("SELECT output::text FROM pressroom.phases"))
                #expect(output["items"]?.array?.map { $0["output"]?.string } == ["0-a", nil, "2-c", "3-d", "4-e"])
                #expect(output["items"]?[1] == .null)
                #expect(output["errors"] == [["index": 1, "code": "refused", "message": "no b"]])
            }
        }
    }

    @Test("Pause holds the rest of the list back, resume goes on with it, cancel closes it")
    func actions() async throws {
        try await withNewsroom { newsroom in
            let gate = Gate()
            let model = ScriptedModel { call throws(ProviderError) in
                if call.prompt == "2-c" { await gate.wait() }
                if Task.isCancelled { throw ProviderError(code: .cancelled, message: "dropped") }
                return call.prompt
            }
            let workflow = try await newsroom.publish(Self.definition("concurrency: 1"))
            try await newsroom.withProcessor(model) { processor in
                let task = try await newsroom.start(workflow, input: Self.input)
                await model.waitForCalls(3)
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .pause, ifVersion: nil)
                gate.open()
                await processor.running.wait()
                #expect(try await newsroom.text("SELECT string_agg(status, ' ' ORDER BY sequence) FROM pressroom.steps") == "completed completed pending")
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .resume, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT json_array_length(output -> 'items') FROM pressroom.phases") == 5)

                let other = try await newsroom.start(workflow, input: Self.input)
                await model.waitForCalls(7)
                _ = try await newsroom.store.transitionTask(newsroom.scope, other, .cancel, ifVersion: nil)
                #expect(
                    try await newsroom.text("SELECT string_agg(DISTINCT status, ' ') FROM pressroom.phases WHERE task_id = \(other)")
                        == "cancelled")
                #expect(
                    try await newsroom.count(
                        "SELECT count(*) FROM pressroom.steps WHERE status NOT IN ('completed', 'cancelled') AND task_id = \(other)") == 0)
            }
        }
    }

    @Test("A cycle sees what its last run brought, and keeps the steps of each")
    func cycle() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(
                """
                name: cycle
                version: 1.0.0
                agents:
                  ada: {role: writer, model: test/m}
                phases:
                  - {id: refine, kind: agent, agents: [ada], prompt: "{{iteration}}{{phases.refine.output}}",
                     repeat: {max: 9, until: '$.phases.refine.output like_regex "^x{4}$"'}}
                  - {id: after, kind: log, message: "{{phases.refine.output}} {{step_0_output}}"}
                """)
            let model = ScriptedModel { call throws(ProviderError) in String(call.prompt.dropFirst()) + "x" }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT output ->> 'message' FROM pressroom.phases WHERE key = 'after'") == "xxxx xxxx")
                #expect(try await newsroom.text("SELECT string_agg(output ->> 'output', ' ' ORDER BY (input ->> 'iteration')::int) FROM pressroom.steps WHERE kind = 'agent'") == "x xx xxx xxxx")
                #expect(try await newsroom.count("SELECT iteration FROM pressroom.phases WHERE key = 'refine'") == 3)
            }
        }
    }
}
