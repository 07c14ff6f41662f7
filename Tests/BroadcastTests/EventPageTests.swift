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
            for _ in 0..<3 { tasks.append(try await fixture.addTask()) }
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
                let wanted = random.next(below: 2) == 0 ? [] : [tasks[0], tasks[2]]
                var found: [Int64] = []
                var after: Int64 = 0
                while after < all.count {
                    let page = try #require(
                        wanted.isEmpty
                            ? try await fixture.store.eventPage(
                                tenantID: HubFixture.tenantID, after: after, limit: limit)
                            : try await fixture.store.eventPage(
                                tenantID: HubFixture.tenantID, taskIDs: wanted, after: after, limit: limit))
                    #expect(page.events.count <= limit.count, "seed \(seed)")
                    #expect(page.through > after, "seed \(seed)")
                    #expect(page.events.allSatisfy { $0.position <= page.through }, "seed \(seed)")
                    found += page.events.map(\.position)
                    after = page.through
                }
                let expected = all.filter { wanted.isEmpty || wanted.contains($0.task) }.map(\.position)
                #expect(found == expected, "seed \(seed)")
            }
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
                #expect(document["task_id"]?.string == task.uuidString.lowercased())
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
