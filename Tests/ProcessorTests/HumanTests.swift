import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@testable import Processor

@Suite("Human tasks", .limit(minutes: 3))
struct HumanTests {
    @Test("A task waits for a person; the answer, with the form's defaults, is the phase's output")
    func answered() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let (task, id) = try await newsroom.ask(Self.approval)
                #expect(try await newsroom.text("SELECT title FROM pressroom.human_tasks") == "Approve tests")
                #expect(try await newsroom.text("SELECT status FROM pressroom.phases") == "waiting")
                await #expect(throws: StoreError.self) {
                    try await newsroom.store.actOnHumanTask(newsroom.scope, id, .complete(["comments": "no"]))
                }
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, id, .complete(["approved": true]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(
                    try await newsroom.json("SELECT output FROM pressroom.phases")
                        == ["response": ["approved": true, "comments": "none"], "completed_by": "local"])
                #expect(try await newsroom.json("SELECT output FROM pressroom.steps")["completed_by"] == "local")
            }
        }
    }

    @Test("The form and the answer keep the order in which they were given")
    func order() async throws {
        try await withNewsroom { newsroom in
            let form =
                #"{"type":"object","required":["zone"],"properties":{"zone":{"type":"integer","title":"Z"},"approved":{},"#
                + #""a_long_name":{"default":{"z":1,"a":2}},"by":{"default":"you"}}}"#
            let answer = #"{"zone":18446744073709551615,"approved":{"b":[{"y":1,"a":2}]}"#
            let completed = answer + #","a_long_name":{"z":1,"a":2},"by":"you"}"#
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let (task, id) = try await newsroom.ask(
                    """
                    name: ordered
                    version: 1.0.0
                    phases:
                      - {id: ask, kind: human, title: Look, form: \(form)}
                    """)
                #expect(try await newsroom.text("SELECT form_schema::text FROM pressroom.human_tasks") == form)
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, id, .complete(try JSON(parsing: answer + "}")))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                #expect(try await newsroom.text("SELECT response::text FROM pressroom.human_tasks") == completed)
                #expect(
                    try await newsroom.text("SELECT output::text FROM pressroom.phases")
                        == #"{"response":\#(completed),"completed_by":"local"}"#)
            }
        }
    }

    @Test("Nobody answers in time: the human task expires and the phase fails; a retry asks anew")
    func expires() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let (task, first) = try await newsroom.ask(Self.approval.replacing("form:", with: "due_in: 50ms, form:"))
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks") == "expired")
                #expect(try await newsroom.text("SELECT status FROM pressroom.human_tasks") == "expired")
                await #expect(throws: StoreError.self) {
                    try await newsroom.store.actOnHumanTask(newsroom.scope, first, .complete(["approved": true]))
                }
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .retry, ifVersion: nil)
                #expect(try await newsroom.waitForEnd(task) == "failed")
                #expect(try await newsroom.count("SELECT count(*) FROM pressroom.human_tasks WHERE status = 'expired'") == 2)
            }
        }
    }

    @Test("The reminder marks the row, once")
    func reminds() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let (task, id) = try await newsroom.ask(
                    Self.approval.replacing("form:", with: "remind_in: 30ms, due_in: 1h, form:"))
                try await newsroom.until {
                    try await newsroom.count("SELECT count(*) FROM pressroom.human_tasks WHERE reminded_at >= reminder_at") == 1
                }
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, id, .complete(["approved": false]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
                let versions = try await newsroom.text(
                    """
                    SELECT string_agg(payload -> 'human_task' ->> 'version' || ' ' || (payload -> 'human_task' ->> 'status')
                           || (payload -> 'human_task' ->> 'reminded_at' IS NOT NULL)::text, ', ' ORDER BY position)
                      FROM pressroom.events WHERE type = 'human_task_updated'
                    """)
                #expect(versions == "1 pendingfalse, 2 pendingtrue, 3 completedtrue")
            }
        }
    }

    @Test("Cancelling the human task fails its phase; cancelling the task cancels the human task")
    func cancelled() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let workflow = try await newsroom.publish(Self.approval)
                let (first, id) = try await newsroom.ask(workflow)
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, id, .cancel)
                #expect(try await newsroom.waitForEnd(first) == "failed")
                #expect(try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks") == "cancelled")
                let (second, other) = try await newsroom.ask(workflow)
                _ = try await newsroom.store.transitionTask(newsroom.scope, second, .cancel, ifVersion: nil)
                #expect(try await newsroom.text("SELECT status FROM pressroom.human_tasks WHERE id = \(other)") == "cancelled")
            }
        }
    }

    @Test("Pause withdraws the question; resume asks anew")
    func paused() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let (task, first) = try await newsroom.ask(Self.approval)
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .pause, ifVersion: nil)
                #expect(try await newsroom.text("SELECT status FROM pressroom.human_tasks WHERE id = \(first)") == "cancelled")
                _ = try await newsroom.store.transitionTask(newsroom.scope, task, .resume, ifVersion: nil)
                let second = try await newsroom.question(of: task)
                #expect(second != first)
                _ = try await newsroom.store.actOnHumanTask(newsroom.scope, second, .complete(["approved": true]))
                #expect(try await newsroom.waitForEnd(task) == "completed")
            }
        }
    }

    @Test("What an operator does in psql counts too: an answer, and a step closed by hand")
    func byHand() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let workflow = try await newsroom.publish(Self.approval)
                let (first, id) = try await newsroom.ask(workflow)
                _ = try await newsroom.client.query(
                    """
                    UPDATE pressroom.human_tasks SET status = 'completed', response = '{"approved": true}', completed_by = 'psql'
                     WHERE id = \(id)
                    """)
                #expect(try await newsroom.waitForEnd(first) == "completed")
                #expect(
                    try await newsroom.json("SELECT output FROM pressroom.phases WHERE task_id = \(first)")
                        == ["response": ["approved": true], "completed_by": "psql"])
                let (second, other) = try await newsroom.ask(workflow)
                _ = try await newsroom.client.query(
                    "UPDATE pressroom.steps SET status = 'completed', output = '{}' WHERE task_id = \(second)")
                #expect(try await newsroom.waitForEnd(second) == "completed")
                #expect(try await newsroom.text("SELECT status FROM pressroom.human_tasks WHERE id = \(other)") == "cancelled")
            }
        }
    }

    @Test("Of many who claim, complete, cancel and wait too long at once, one wins, and the task ends as it says")
    func race() async throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        print("race of human tasks: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let schedules = (0..<12).map { _ in
            (0..<6).map { _ in
                (action: Int.random(in: 0..<4, using: &generator), delay: Int.random(in: 0..<60, using: &generator))
            }
        }
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let workflow = try await newsroom.publish(Self.approval.replacing("form:", with: "due_in: 40ms, form:"))
                for (round, schedule) in schedules.enumerated() {
                    let (task, id) = try await newsroom.ask(workflow)
                    let wins = await withTaskGroup(of: String?.self) { group in
                        for (number, step) in schedule.enumerated() {
                            group.addTask { await newsroom.attempt(step.action, on: id, by: "user\(number)", after: step.delay) }
                        }
                        return await group.reduce(into: [String]()) { if let won = $1 { $0.append(won) } }
                    }
                    let end = try await newsroom.waitForEnd(task)
                    let status = try await newsroom.text("SELECT status FROM pressroom.human_tasks WHERE id = \(id)")
                    let closings = wins.filter { $0 == "completed" || $0 == "cancelled" }
                    #expect(closings.count <= 1, "round \(round), seed \(seed): \(wins)")
                    #expect(status == closings.first ?? "expired", "round \(round), seed \(seed): \(wins)")
                    #expect(end == (status == "completed" ? "completed" : "failed"), "round \(round), seed \(seed)")
                    #expect(
                        try await newsroom.text("SELECT error ->> 'code' FROM pressroom.tasks WHERE task_id = \(task)")
                            == (status == "completed" ? "" : status), "round \(round), seed \(seed)")
                }
            }
        }
    }

    @Test("Of many who claim at once, one gets it")
    func claims() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.withProcessor(ScriptedModel { $0.soundAnswer }) { _ in
                let (_, id) = try await newsroom.ask(Self.approval)
                let wins = await withTaskGroup(of: String?.self) { group in
                    for number in 0..<8 {
                        group.addTask {
                            await newsroom.attempt(0, on: id, by: "user\(number)", after: 0).map { _ in "user\(number)" }
                        }
                    }
                    return await group.reduce(into: [String]()) { if let won = $1 { $0.append(won) } }
                }
                #expect(wins.count == 1)
                #expect(try await newsroom.text("SELECT claimed_by FROM pressroom.human_tasks") == wins.first)
                #expect(try await newsroom.text("SELECT version FROM pressroom.human_tasks") == "2")
            }
        }
    }

    static let approval = """
        name: approval
        version: 1.0.0
        phases:
          - {id: approve, kind: human, title: "Approve {{topic}}", assignee_group: managers,
             form: {type: object, required: [approved], properties: {approved: {type: boolean}, comments: {type: string, default: none}}}}
        """
}

extension Newsroom {
    /// Starts a task and waits for its question.
    fileprivate func ask(_ yaml: String) async throws -> (task: UUID, id: UUID) {
        try await ask(try await publish(yaml))
    }

    fileprivate func ask(_ workflow: (UUID, WorkflowDefinition)) async throws -> (task: UUID, id: UUID) {
        let task = try await start(workflow)
        return (task, try await question(of: task, orLater: true))
    }

    /// The question of a task that is open; with `orLater`, one that may be over already.
    fileprivate func question(of task: UUID, orLater: Bool = false) async throws -> UUID {
        let statuses = orLater ? HumanTaskStatus.allCases.map(\.rawValue) : ["pending", "claimed"]
        let query: PostgresQuery = """
            SELECT id FROM pressroom.human_tasks WHERE task_id = \(task) AND status = ANY(\(statuses)::text[]) ORDER BY id DESC
            """
        try await until { try await !self.client.query(query).isEmpty }
        return try await client.query(query)[0].decode("id")
    }

    /// Claims, completes (twice as often) or cancels as another user. Answers what it came to; nil when it was refused.
    fileprivate func attempt(_ action: Int, on id: UUID, by user: String, after milliseconds: Int) async -> String? {
        // The moment is what is random.
        try? await Task.sleep(for: .milliseconds(milliseconds))
        let scope = Scope(tenantID: "default", userID: user)
        let (wanted, word): (HumanTaskAction, String) =
            switch action {
            case 0: (.claim, "claimed")
            case 1: (.cancel, "cancelled")
            default: (.complete(["approved": true]), "completed")
            }
        return (try? await store.actOnHumanTask(scope, id, wanted)).map { _ in word }
    }
}
