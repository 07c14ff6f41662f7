import Base
import Foundation
import Postgres
import Store
import Testing
import Workflow

@Suite("Events past retention")
struct PruningTests {
    @Test("what is older goes, what is younger stays, whatever holes deleted tasks have left", arguments: 0..<4)
    func pruning(run: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await HubFixture.with { fixture in
            var random = SeededGenerator(seed: seed)
            let tenant = HubFixture.tenantID, task = try await fixture.addTask()
            try await fixture.client.withTransaction { connection in
                _ = try await connection.query("SET LOCAL pressroom.removal = 'on'")
                _ = try await connection.query("DELETE FROM pressroom.events WHERE tenant_id = \(tenant)")
            }
            // Ages in minutes, none of which is a retention that is asked for.
            var events: [(position: Int64, age: Int)] = []
            var (position, age) = (try await fixture.head().position, 10_000)
            for _ in 0..<Int(random.next(below: 120)) {
                position += 1 + Int64(random.next(below: 4) == 0 ? random.next(below: 40) : 0)
                age -= Int(random.next(below: 30))
                events.append((position, age / 10 * 10 + 5))
            }
            for event in events {
                _ = try await fixture.client.query(
                    """
                    INSERT INTO pressroom.events (tenant_id, position, task_id, type, payload, actor, created_at)
                    VALUES (\(tenant), \(event.position), \(task), 'custom', '{"data": 1}', 'test',
                            now() - make_interval(mins => \(event.age)))
                    """)
            }
            _ = try await fixture.client.query(
                "UPDATE pressroom.stream_heads SET position = \(position + 3) WHERE tenant_id = \(tenant)")
            var mark: Int64 = 0
            for _ in 0..<5 {
                let retention = Int(random.next(below: 1_100)) * 10
                let old = events.filter { $0.age > retention }
                events.removeAll { $0.age > retention }
                let removed = try await fixture.store.pruneEvents(
                    olderThan: .seconds(retention * 60), span: 1 + Int64(random.next(below: 30)))
                mark = old.last?.position ?? mark
                let left = try await fixture.client.query(
                    "SELECT position FROM pressroom.events WHERE tenant_id = \(tenant) ORDER BY position"
                ).map { try $0.decode(0, as: Int64.self) }
                let pruned = try await fixture.head().pruned
                #expect(left == events.map(\.position), "seed \(seed), retention \(retention)")
                #expect(removed == old.count, "seed \(seed), retention \(retention)")
                #expect(pruned == mark, "seed \(seed), retention \(retention)")
            }
        }
    }

    @Test("a tenant's own retention counts for its log alone")
    func ownRetention() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            let head = try await fixture.head()
            for number in 1...5 {
                _ = try await fixture.client.query(
                    """
                    INSERT INTO pressroom.events (tenant_id, position, task_id, type, payload, actor, created_at)
                    VALUES (\(HubFixture.tenantID), \(head.position + Int64(number)), \(task), 'custom', '{"data": 1}', 'test',
                            now() - interval '2 hours')
                    """)
            }
            _ = try await fixture.client.query(
                "UPDATE pressroom.stream_heads SET position = \(head.position + 5) WHERE tenant_id = \(HubFixture.tenantID)")
            try await fixture.client.withTransaction { connection in
                _ = try await connection.query("SET LOCAL pressroom.removal = 'on'")
                _ = try await connection.query(
                    "DELETE FROM pressroom.events WHERE tenant_id = \(HubFixture.tenantID) AND position <= \(head.position)")
            }
            #expect(try await fixture.store.pruneEvents(olderThan: .seconds(86_400)) == 0)
            _ = try await fixture.store.setTenantLimits(HubFixture.tenantID, [.eventsRetention: 3 * 3_600])
            #expect(try await fixture.store.pruneEvents(olderThan: .seconds(60)) == 0)
            _ = try await fixture.store.setTenantLimits(HubFixture.tenantID, [.eventsRetention: 3_600])
            #expect(try await fixture.store.pruneEvents(olderThan: .seconds(86_400)) == 5)
            await #expect(throws: StoreError.self) {
                try await fixture.store.setTenantLimits(HubFixture.tenantID, [.eventsRetention: 59])
            }
        }
    }

    @Test("what an interrupted round has left is removed by the next")
    func leftOver() async throws {
        try await HubFixture.with { fixture in
            let task = try await fixture.addTask()
            try await fixture.addCustom(task, count: 5)
            _ = try await fixture.client.query(
                "SELECT pressroom.retire_events(\(HubFixture.tenantID), clock_timestamp())")
            let head = try await fixture.head()
            #expect(head.pruned == head.position)
            let removed = try await fixture.store.pruneEvents(olderThan: .seconds(86_400))
            #expect(removed == Int(head.position))
        }
    }
}
