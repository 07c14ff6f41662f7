import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Texts changed by hand", .limit(minutes: 3))
struct TextsByHandTests {
    enum Way: CaseIterable, Sendable {
        case psql, request
    }

    @Test("A fix reaches open questions, later phases, expressions and the result, and is a version", arguments: Way.allCases)
    func reachesWhatFollows(way: Way) async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Self.note)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                let question = try await newsroom.question(of: task)
                let old = try await newsroom.text("SELECT content FROM pressroom.outputs")
                #expect(try await newsroom.text("SELECT description FROM pressroom.human_tasks") == "Send “\(old)”?")
                #expect(
                    try await newsroom.json("SELECT output FROM pressroom.phases WHERE key = 'write'").object?.keys.sorted()
                        == ["output_ids"])

                try await newsroom.fix(task, "Fixed.", way)
                try await newsroom.until {
                    try await newsroom.text("SELECT description FROM pressroom.human_tasks") == "Send “Fixed.”?"
                }
                #expect(
                    try await newsroom.text(
                        "SELECT string_agg(action || ' ' || version_number, ', ' ORDER BY version_number) FROM pressroom.output_versions")
                        == "write 1, manual 2")
                #expect(
                    try await newsroom.text("SELECT version_number || coalesce(finish_reason, ' none') FROM pressroom.outputs") == "2 none")
                let actor = way == .request ? "user:local" : try await newsroom.text("SELECT session_user::text")
                #expect(try await newsroom.text("SELECT agent ->> 'actor' FROM pressroom.output_versions WHERE action = 'manual'") == actor)
                #expect(
                    try await newsroom.text(
                        "SELECT actor FROM pressroom.events WHERE type = 'output_updated' ORDER BY position DESC LIMIT 1") == actor)

                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, question, .complete(["yes": true]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT output::text FROM pressroom.phases WHERE key = 'short'") == #""Fixed.""#)
                #expect(try await newsroom.text("SELECT message FROM pressroom.logs") == "Fixed. | Fixed. | 2")
                #expect(try await newsroom.text("SELECT result #>> '{winner,content}' FROM pressroom.tasks") == "Fixed.")

                // The task is over, and its result follows, with an event.
                let head = try await newsroom.count("SELECT position FROM pressroom.stream_heads")
                try await newsroom.fix(task, "Later.", way)
                try await newsroom.until {
                    try await newsroom.text("SELECT result #>> '{winner,content}' FROM pressroom.tasks") == "Later."
                }
                #expect(
                    try await newsroom.text(
                        """
                        SELECT payload #>> '{task,result,winner,content}' FROM pressroom.events
                         WHERE type = 'task_updated' AND position > \(head)
                        """) == "Later.")
                // What the other steps made stays.
                #expect(try await newsroom.text("SELECT message FROM pressroom.logs") == "Fixed. | Fixed. | 2")
                try await newsroom.checkInvariants()
            }
        }
    }

    @Test("A question whose texts an operator has changed keeps them until what they read changes")
    func questionsByHand() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Self.note)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                _ = try await newsroom.question(of: task)
                _ = try await newsroom.client.query("UPDATE pressroom.human_tasks SET description = 'Look!', due_at = now() + interval '1 h'")
                // The wake-up for the new time has been taken.
                try await newsroom.until {
                    try await newsroom.count("SELECT (SELECT count(*) FROM pressroom.wake_requests) + (SELECT count(*) FROM pressroom.wakeups WHERE run_at <= now())") == 0
                }
                #expect(try await newsroom.text("SELECT description FROM pressroom.human_tasks") == "Look!")
                _ = try await newsroom.client.query("UPDATE pressroom.tasks SET input = '{\"topic\": \"tea\"}'")
                try await newsroom.until { try await newsroom.text("SELECT title FROM pressroom.human_tasks") == "On tea" }
                try await newsroom.fix(task, "Fixed.", .psql)
                try await newsroom.until {
                    try await newsroom.text("SELECT description FROM pressroom.human_tasks") == "Send “Fixed.”?"
                }
            }
        }
    }

    @Test("Judges read the fixed text")
    func judges() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Self.judged)
            let model = ScriptedModel { $0.soundAnswer }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                let question = try await newsroom.question(of: task)
                _ = try await newsroom.client.query("UPDATE pressroom.outputs SET content = 'Fixed ' || track")
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, question, .complete([:]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let prompts = model.requests.filter { $0.agent == "ada" }.map { $0.messages.last?.content ?? "" }
                #expect(prompts.count == 3)
                #expect(prompts.count { $0.contains("Fixed warm") } == 2 && prompts.count { $0.contains("Fixed terse") } == 2)
                #expect(prompts.allSatisfy { !$0.contains("A draft by") })
            }
        }
    }

    @Test("The derived context in SQL is what templates see")
    func accumulatedContext() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.editorial)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(workflow)
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let draft = try await newsroom.text("SELECT result #>> '{winner,content}' FROM pressroom.tasks")
                _ = try await newsroom.client.query("UPDATE pressroom.outputs SET content = E'By \"hand\"\\n' || track")
                let material = try #require(try await newsroom.store.stepMaterial(newsroom.scope, [task])[task])
                let seen = PhaseOutputs(material.outputs).accumulated(material.phases, workflow.1)
                #expect(seen.keys.count == 6)
                let view = try #require(try await newsroom.store.task(newsroom.scope, task, include: [.accumulatedContext]))
                #expect(try JSON(parsing: view.json.bytes)["accumulated_context"] == .object(seen))
                let plain = try #require(try await newsroom.store.task(newsroom.scope, task))
                #expect(try JSON(parsing: plain.json.bytes)["accumulated_context"] == nil)
                // A text is in the events of its draft and of the result, and nowhere else.
                #expect(
                    try await newsroom.text(
                        """
                        SELECT string_agg(DISTINCT type, ' ' ORDER BY type) FROM pressroom.events
                         WHERE strpos(payload::text, \(draft)) > 0
                        """)
                        == "finalists_selected output_updated output_version_added task_updated")
            }
        }
    }

    @Test("A fork takes the fixed texts, with their versions, but not a fix of a text that runs again")
    func forks() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Self.edited)
            let model = ScriptedModel { call in
                call.request.schema?.name == "edit_decision"
                    ? #"{"approved": true, "feedback": "fine", "content": "Polished."}"# : call.soundAnswer
            }
            let task = try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                let question = try await newsroom.question(of: task)
                try await newsroom.fix(task, "Fixed before.", .psql)
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, question, .complete([:]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                try await newsroom.fix(task, "Fixed after.", .psql)
                return task
            }
            func texts(_ task: UUID) async throws -> String {
                try await newsroom.text(
                    """
                    SELECT o.content || ' ' || o.version_number || ': ' || string_agg(v.action, ' ' ORDER BY v.version_number)
                      FROM pressroom.outputs o JOIN pressroom.output_versions v ON v.output_id = o.id
                     WHERE o.task_id = \(task) GROUP BY o.id, o.content, o.version_number
                    """)
            }
            #expect(try await texts(task) == "Fixed after. 4: write manual edit manual")
            #expect(try await texts(newsroom.fork(task, workflow.1, "last")) == "Fixed after. 4: write manual edit manual")
            let early = try await newsroom.fork(task, workflow.1, "edit")
            #expect(try await texts(early) == "Fixed before. 2: write manual")
            #expect(try await newsroom.text("SELECT finish_reason FROM pressroom.outputs WHERE task_id = \(early)") == "")
        }
    }

    @Test("A fix in a sub-task reaches its open parent's question and later phases, and its parent when that is over")
    func subtasks() async throws {
        try await withNewsroom { newsroom in
            _ = try await newsroom.publish(Self.child)
            let parent = try await newsroom.publish(Self.parent)
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let task = try await newsroom.start(parent)
                let question = try await newsroom.question(of: task)
                let child: UUID = try await newsroom.client.query("SELECT task_id FROM pressroom.subtasks")[0].decode(0)
                try await newsroom.fix(child, "Fixed below.", .request)
                try await newsroom.until {
                    try await newsroom.text("SELECT description FROM pressroom.human_tasks") == "Fixed below."
                }
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, question, .complete([:]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT message FROM pressroom.logs WHERE task_id = \(task)") == "Fixed below.")
                try await newsroom.fix(child, "Fixed again.", .psql)
                try await newsroom.until {
                    try await newsroom.text("SELECT output #>> '{winner,content}' FROM pressroom.phases WHERE key = 'sub'") == "Fixed again."
                }
                try await newsroom.checkInvariants()
            }
        }
    }

    @Test("A draft that a model works on is edited in psql only: the model's text comes after it")
    func whileItIsWritten() async throws {
        try await withNewsroom { newsroom in
            let workflow = try await newsroom.publish(Definitions.approval)
            let gate = Gate()
            let model = ScriptedModel { call in
                await gate.wait()
                return call.soundAnswer
            }
            try await newsroom.withProcessor(model) { _ in
                let task = try await newsroom.start(workflow)
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'writing'") == 1 }
                await #expect {
                    try await newsroom.fix(task, "Mine.", .request)
                } throws: { error in
                    (error as? StoreError)?.code == .conflict && (error as? StoreError)?.status == "writing"
                }
                try await newsroom.fix(task, "Mine.", .psql)
                gate.open()
                try await newsroom.until { try await newsroom.count("SELECT count(*) FROM pressroom.outputs WHERE status = 'approved'") == 1 }
                #expect(
                    try await newsroom.text("SELECT string_agg(action, ' ' ORDER BY version_number) FROM pressroom.output_versions")
                        == "manual write")
                #expect(try await newsroom.text("SELECT version_number || left(content, 10) FROM pressroom.outputs") == "2A draft by")
            }
        }
    }

    private static let note = """
        name: note
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
          - {id: approve, kind: human, title: "On {{topic}}", description: "Send “{{phases.write.outputs.0.content}}”?"}
          - {id: short, kind: transform, expression: "$.phases.write.outputs[0].content"}
          - {id: send, kind: log, message: "{{phases.write.outputs.0.content}} | {{step_0_output}} | {{phases.write.outputs.0.version_number}}"}
        """

    private static let judged = """
        name: judged
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
          terse: {role: writer, model: test/m}
          ada: {role: evaluator, model: test/m}
        phases:
          - {id: write, kind: write, agents: [warm, terse], prompt: "Write on {{topic}}."}
          - {id: check, kind: human, title: Look}
          - {id: judge, kind: evaluate, agents: [ada]}
          - {id: rank, kind: rank, agents: [ada]}
        """

    private static let edited = """
        name: edited
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
          copy: {role: editor, model: test/m}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
          - {id: check, kind: human, title: Look}
          - {id: edit, kind: edit, agents: [copy]}
          - {id: last, kind: log, message: "{{phases.edit.outputs.0.content}}"}
        """

    private static let child = """
        name: child
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write."}
        """

    private static let parent = """
        name: parent
        version: 1.0.0
        phases:
          - {id: sub, kind: workflow, name: child, input: {}}
          - {id: ask, kind: human, title: Look, description: "{{phases.sub.winner.content}}"}
          - {id: last, kind: log, message: "{{phases.sub.winner.content}}"}
        """
}

extension Newsroom {
    fileprivate func fix(_ task: UUID, _ text: String, _ way: TextsByHandTests.Way) async throws {
        switch way {
        case .psql:
            _ = try await client.query("UPDATE pressroom.outputs SET content = \(text) WHERE task_id = \(task)")
        case .request:
            for row in try await client.query("SELECT id FROM pressroom.outputs WHERE task_id = \(task)") {
                _ = try await store.editOutput(scope, try row.decode("id"), content: text, ifVersion: nil)
            }
        }
    }

    /// The open question of a task.
    fileprivate func question(of task: UUID) async throws -> UUID {
        let query: PostgresQuery = "SELECT id FROM pressroom.human_tasks WHERE task_id = \(task) AND status = 'pending'"
        try await until { try await !self.client.query(query).isEmpty }
        return try await client.query(query)[0].decode("id")
    }

    fileprivate func fork(_ task: UUID, _ workflow: WorkflowDefinition, _ phase: String) async throws -> UUID {
        let state = try JSON(parsing: try await store.taskState(scope, task, include: [.versions])?.json.bytes ?? [])
        let fork = try TaskFork(of: state, workflow: workflow, phase: phase, input: nil, config: nil)
        _ = try await store.write(scope) { try await self.store.forkTask(on: $0, self.scope, fork) }
        return fork.taskID
    }

    fileprivate func checkInvariants() async throws {
        let root = URL(fileURLWithPath: PostgresTestDirectory.migrations).deletingLastPathComponent().path
        let script = try String(contentsOfFile: root + "/checks/invariants.sql", encoding: .utf8)
        let report = try await store.checkInvariants(script: script, tasks: .all, grace: .seconds(5))
        for broken in report.broken { Issue.record("\(broken.name): \(broken.samples.joined(separator: "; "))") }
    }
}
