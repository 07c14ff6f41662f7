import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Sub-tasks", .limit(minutes: 3))
struct SubtaskTests {
    @Test("A phase starts a task, waits for it, and takes its result; values go in with their types")
    func completes() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Self.child)
            let parent = try await newsroom.publish(Self.parent)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(parent, input: ["topic": "tea", "count": 3])
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let child = try await newsroom.child(of: task)
                let row = try await newsroom.json("SELECT to_jsonb(t) FROM pressroom.tasks t WHERE task_id = \(child)")
                #expect(row["input"] == ["topic": "On tea", "count": 3, "tone": "plain"])
                #expect(row["context"]?["task_id"]?.string == child.text)
                #expect(row["context"]?["trace_id"] == "00")
                #expect(row["parent_task_id"]?.string == task.text)
                let output = try await newsroom.json("SELECT output FROM pressroom.phases WHERE task_id = \(task)")
                #expect(output["task_id"]?.string == child.text)
                #expect(output["winner"]?["content"]?.string?.hasPrefix("A draft by warm") == true)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.wake_requests") == 0)
            }
        }
    }

    @Test("A phase of a custom kind has the kind's registered name, in a sub-task as at the top")
    func customKind() async throws {
        try await withNewsroom { newsroom in
            let yaml = "name: child\nversion: 1.0.0\nphases: [{id: it, kind: test.mine}]"
            let child = try await newsroom.publish(yaml)
            let parent = try await newsroom.publish(Self.parent)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(parent, input: ["topic": "tea", "count": 3])
                for id in [try await newsroom.child(of: task), try await newsroom.start(child)] {
                    #expect(try await newsroom.text("SELECT kind FROM pressroom.phases WHERE task_id = \(id)") == "test.mine")
                }
            }
        }
    }

    @Test("A child that fails or is cancelled fails its phase; a retry starts another")
    func failsAndRetries() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Self.waitingChild)
            let parent = try await newsroom.publish(Self.parent)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(parent, input: ["topic": "tea", "count": 3])
                let first = try await newsroom.waitingChild(of: task)
                #expect(try await newsroom.status(task) == "waiting")
                _ = try await newsroom.store.transitionTask(newsroom.scope, first, .cancel, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks WHERE task_id = \(task)") == "subtask_cancelled")

                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                let second = try await newsroom.waitingChild(of: task)
                #expect(second != first)
                _ = try await newsroom.client.query("UPDATE pressroom.steps SET status = 'failed' WHERE task_id = \(second)")
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks WHERE task_id = \(task)") == "subtask_failed")

                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                let third = try await newsroom.waitingChild(of: task)
                try await newsroom.store.addSignal(newsroom.scope, taskID: third, name: "go", data: 1)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.subtasks") == 3)
            }
        }
    }

    @Test("Cancelling a task cancels its children and theirs; pausing it leaves them running")
    func cancelTravelsDown() async throws {
        try await withNewsroom { newsroom in
            let leaf = Self.waitingChild.replacing("name: child", with: "name: leaf")
            _ = try await newsroom.publish(leaf)
            _ = try await newsroom.publish(Self.parent.replacing("name: parent", with: "name: child").replacing("name: child, input", with: "name: leaf, input"))
            let parent = try await newsroom.publish(Self.parent)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(parent, input: ["topic": "tea", "count": 3])
                let child = try await newsroom.waitingChild(of: task)
                let grandchild = try await newsroom.waitingChild(of: child)
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .pause, ifVersion: nil)
                #expect(try await newsroom.status(grandchild) == "waiting")
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .cancel, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(child) == "cancelled")
                #expect(try await newsroom.waitForEnd(grandchild) == "cancelled")
                #expect(try await newsroom.count("SELECT max(depth) FROM pressroom.subtasks") == 2)
            }
        }
    }

    @Test("A workflow that starts itself comes to an end at the bound")
    func recursion() async throws {
        try await withNewsroom { newsroom in
            let parent = try await newsroom.publish(
                Self.parent.replacing("name: child, input", with: "name: parent, input").replacing("On {{topic}}", with: "{{topic}}"))
            var configuration = ProcessorConfiguration()
            configuration.maxSubtaskDepth = 3
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }, configuration: configuration) { _ in
                let task = try await newsroom.start(parent, input: ["topic": "tea", "count": 3])
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks WHERE status = 'failed'") == 4)
                #expect(
                    try await newsroom.text(
                        "SELECT error ->> 'code' FROM pressroom.tasks ORDER BY task_id DESC LIMIT 1") == "subtask_too_deep")
            }
        }
    }

    @Test("An input whose check would be endless work fails the phase, and other tasks run meanwhile")
    func endlessCheck() async throws {
        try await withNewsroom { newsroom in
            let steps = (0..<30).map { ##"d\##($0): {allOf: [{$ref: "#/$defs/d\##($0 + 1)"}, {$ref: "#/$defs/d\##($0 + 1)"}]}"## }
            _ = try await newsroom.publish(
                """
                name: child
                version: 1.0.0
                input: {$defs: {d30: {}, \(steps.joined(separator: ", "))}, properties: {topic: {$ref: "#/$defs/d0"}}}
                phases: [{id: wait, kind: signal}]
                """)
            let parent = try await newsroom.publish(Self.parent)
            let editorial = try await newsroom.publish(Definitions.editorial)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                var tasks: [UUID] = []
                for number in 0..<4 { tasks.append(try await newsroom.start(parent, input: ["topic": "tea", "count": .integer(Int64(number))])) }
                let healthy = try await newsroom.start(editorial)
                #expect(try await newsroom.waitForEnd(healthy) == "completed")
                for task in tasks {
                    #expect(try await newsroom.waitForEnd(task) == "failed")
                    #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks WHERE task_id = \(task)") == "invalid_input")
                }
            }
        }
    }

    @Test("No such workflow, and an input that does not fit, fail the phase with the reason")
    func mistakes() async throws {
        try await withNewsroom { newsroom in
            let parent = try await newsroom.publish(Self.parent)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let lost = try await newsroom.start(parent, input: ["topic": "tea", "count": 3])
                #expect(try await newsroom.waitForEnd(lost) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks") == "unknown_workflow")
                _ = try await newsroom.publish(Self.child)
                let wrong = try await newsroom.start(parent, input: ["topic": "tea", "count": "three"])
                #expect(try await newsroom.waitForEnd(wrong) == "failed")
                let error = try await newsroom.json("SELECT error FROM pressroom.tasks WHERE task_id = \(wrong)")
                #expect(error["code"] == "invalid_input")
                #expect(error["message"]?.string?.contains("/input/count") == true)
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.subtasks") == 0)
            }
        }
    }

    @Test("Processors come and go, parents and children are cancelled: each attempt has one child, and all end rightly")
    func race() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        print("race of sub-tasks: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let schedule = (0..<10).map { _ in
            (Int.random(in: 0..<3, using: &generator), Int.random(in: 0..<40, using: &generator))
        }
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Self.waitingChild)
            let parent = try await newsroom.publish(Self.parent)
            var tasks: [UUID] = []
            for _ in schedule { tasks.append(try await newsroom.start(parent, input: ["topic": "tea", "count": 3])) }
            let plan = zip(tasks, schedule).map { ($0, $1.0, $1.1) }
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.subtasks") >= 3 }
            }
            let others = (ScriptedModel { $0.soundAnswer }, ScriptedModel { $0.soundAnswer })
            try await newsroom.withProcessor(others.0) { _ in
                try await newsroom.withProcessor(others.1) { _ in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for (task, action, delay) in plan {
                            group.addTask {
                                let child = try await newsroom.waitingChild(of: task)
                                // The moment is what is random.
                                try await Task.sleep(for: .milliseconds(delay))
                                switch action {
                                case 0: _ = try await newsroom.store.transitionTask(newsroom.scope, task, .cancel, ifVersion: nil)
                                case 1: _ = try await newsroom.store.transitionTask(newsroom.scope, child, .cancel, ifVersion: nil)
                                default: try await newsroom.store.addSignal(newsroom.scope, taskID: child, name: "go", data: 1)
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                    for (task, action, _) in plan {
                        let end = try await newsroom.waitForEnd(task)
                        #expect(end == ["cancelled", "failed", "completed"][action], "seed \(seed)")
                        let childEnd = try await newsroom.waitForEnd(try await newsroom.child(of: task))
                        #expect(childEnd == ["cancelled", "cancelled", "completed"][action], "seed \(seed)")
                    }
                }
            }
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.subtasks") == tasks.count, "seed \(seed)")
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.tasks") == 2 * tasks.count, "seed \(seed)")
        }
    }

    static let parent = """
        name: parent
        version: 1.0.0
        phases:
          - {id: sub, kind: workflow, name: child, input: {topic: "On {{topic}}", count: "{{input.count}}"}}
        """

    static let child = """
        name: child
        version: 1.2.0
        input: {type: object, required: [topic, count], properties: {topic: {type: string}, count: {type: integer}, tone: {type: string, default: plain}}}
        agents: {warm: {role: writer, model: test/m}}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write {{count}} words {{topic}}."}
        """

    static let waitingChild = """
        name: child
        version: 1.0.0
        phases:
          - {id: wait, kind: signal, name: go}
        """
}

extension Newsroom {
    fileprivate func child(of task: UUID) async throws -> UUID {
        let query: PostgresQuery = "SELECT task_id FROM pressroom.subtasks WHERE parent_task_id = \(task) ORDER BY attempt DESC LIMIT 1"
        try await until { try await !self.client.query(query).isEmpty }
        return try await client.query(query)[0].decode("task_id")
    }

    /// The child that runs now, when it waits for something.
    fileprivate func waitingChild(of task: UUID) async throws -> UUID {
        let query: PostgresQuery = """
            SELECT task_id FROM pressroom.subtasks s JOIN pressroom.tasks t USING (tenant_id, task_id)
             WHERE s.parent_task_id = \(task) AND t.status = 'waiting'
            """
        try await until { try await !self.client.query(query).isEmpty }
        return try await client.query(query)[0].decode("task_id")
    }
}
