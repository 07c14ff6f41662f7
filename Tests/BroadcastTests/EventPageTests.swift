import Base
import Foundation
import Postgres
import Store
import Testing
import Workflow

@testable import Broadcast

@Suite("Pages of events")
struct EventPageTests {
    @Test("pages of any bounds make up the log", arguments: 0..<4)
    func bounds(run: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await HubFixture.with { fixture in
            var random = SeededGenerator(seed: seed)
            var tasks: [UUID] = []
            for talk in ["talk", "other", "talk"] { tasks.append(try await fixture.addTask(conversation: talk)) }
            for _ in 0..<15 {
                try await fixture.addCustom(
                    tasks[Int(random.next(below: 3))], count: 1 + Int(random.next(below: 6)),
                    size: Int(random.next(below: 4)) * 3_000)
            }
            let all = try await fixture.client.query(
                """
                SELECT position, task_id FROM pressroom.events
                 WHERE tenant_id = \(HubFixture.tenantID) ORDER BY position
                """
            ).map { (position: try $0.decode(0, as: Int64.self), task: try $0.decode(1, as: UUID.self)) }
            for _ in 0..<5 {
                let limit = EventPageLimit(
                    count: 1 + Int(random.next(below: 20)), bytes: 1 + Int(random.next(below: 20_000)))
                let narrowed = random.next(below: 3)
                let part: LogPart =
                    [.log, .tasks([tasks[0], tasks[2]]), .conversation("talk")][Int(narrowed)]
                var found: [Int64] = []
                var after: Int64 = 0
                while after < all.count {
                    let page = try #require(
                        try await fixture.store.eventPage(
                            tenantID: HubFixture.tenantID, part, after: after, limit: limit))
                    #expect(page.events.count <= limit.count, "seed \(seed)")
                    #expect(page.through > after, "seed \(seed)")
                    #expect(page.events.allSatisfy { $0.position <= page.through }, "seed \(seed)")
                    found += page.events.map(\.position)
                    after = page.through
                }
                let expected = all.filter { narrowed == 0 || $0.task != tasks[1] }.map(\.position)
                #expect(found == expected, "seed \(seed)")
            }
        }
    }

    @Test("the events of a conversation with many tasks are found in the whole log; of one without any, nowhere")
    func conversations() async throws {
        try await HubFixture.with { fixture in
            let stranger = try await fixture.addTask(conversation: "other")
            func positions(_ talk: String) async throws -> (found: [Int64], tasks: Set<UUID>) {
                var (found, tasks): ([Int64], Set<UUID>) = ([], [])
                var page = try #require(
                    try await fixture.store.eventPage(tenantID: HubFixture.tenantID, .conversation(ExactText(talk)), after: 0))
                while true {
                    found += page.events.filter { $0.task.conversationID == talk }.map(\.position)
                    tasks.formUnion(page.events.map(\.task.taskID))
                    guard !page.isLast else { return (found, tasks) }
                    page = try #require(
                        try await fixture.store.eventPage(
                            tenantID: HubFixture.tenantID, .conversation(ExactText(talk)), after: page.through,
                            limit: EventPageLimit(count: 70)))
                }
            }
            var expected: [Int64] = []
            for count in 1...101 {
                _ = try await fixture.addTask(conversation: "talk")
                expected.append(try await fixture.head().position)
                guard count >= 100 else { continue }
                let (found, tasks) = try await positions("talk")
                #expect(found == expected)
                #expect(tasks.contains(stranger) == (count > 100))
            }
            let nobody = try await positions("nobody")
            #expect(nobody.found == [] && nobody.tasks == [])
        }
    }

    @Test("an event's data is the contract's, whatever white space the payload has")
    func data() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask(conversation: "talk", workflow: "flow")
            try await fixture.setStatus(task, "running")
            _ = try await fixture.store.write(HubFixture.scope) { connection in
                try await connection.query(
                    """
                    SELECT pressroom.append_events(\(HubFixture.tenantID), ARRAY[
                        ROW(\(task)::uuid, 'custom', E'\\n { \\n"data": {"a": [1,\\n2]}}')::pressroom.change,
                        ROW(\(task)::uuid, 'custom.empty', '{ }')::pressroom.change])
                    """)
            }
            let page = try #require(try await fixture.store.eventPage(tenantID: HubFixture.tenantID, after: 1))
            let documents = try page.events.map { try JSON(parsing: $0.data.bytes) }
            #expect(page.events.map(\.taskStatus) == ["running", nil, nil])
            #expect(documents.map { $0["type"]?.string } == ["task_updated", "custom", "custom.empty"])
            #expect(documents[0]["task"]?["status"]?.string == "running")
            #expect(documents[1]["data"] == ["a": [1, 2]])
            for (event, document) in zip(page.events, documents) {
                #expect(document["task_id"]?.string == task.text)
                #expect(document["cursor"]?.string == "\(page.head.epoch).\(event.position)")
                #expect(document["context"]?["user_id"]?.string == "tester")
                #expect(document["at"]?.string?.count == 27)
                #expect(event.task == TaskFacts(
                    taskID: task, conversationID: "talk", userID: "tester", workflowName: "flow"))
            }
            let nobody = try await fixture.store.eventPage(tenantID: "nobody", after: 0)
            #expect(nobody?.through == nil)
        }
    }
}
