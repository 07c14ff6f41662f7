import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@Suite("Claims", .limit(minutes: 5))
struct ClaimTests {
    @Test("Among 10,000 waiting steps the priority decides, then the time; what is not due yet is left")
    func order() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(workflow: "later", priority: 900, each: 5, dueIn: "1h")
            try await newsroom.addSteps(workflow: "low", model: "a/x", priority: -5, each: 5, dueIn: "-2h")
            try await newsroom.addSteps(workflow: "many", model: "a/x", tasks: 100, each: 100)
            try await newsroom.addSteps(workflow: "old", model: "b/x", each: 2, dueIn: "-1h")
            try await newsroom.addSteps(workflow: "urgent", model: "b/y", priority: 7, each: 3)
            try await newsroom.addSteps(workflow: "soonest", priority: 8, each: 1)
            let claimed = try await newsroom.claim(limit: 10)
            #expect(claimed.count == 10)
            let ids = claimed.map(\.id)
            let order = try await newsroom.client.query(
                """
                SELECT t.workflow_name, count(*) FROM unnest(\(ids)::uuid[]) AS c (id) JOIN pressroom.steps s USING (id)
                  JOIN pressroom.tasks t USING (task_id) GROUP BY 1 ORDER BY 1
                """
            ).map { (try $0.decode(0, as: String.self), try $0.decode(1, as: Int.self)) }
            #expect(order.map(\.0) == ["many", "old", "soonest", "urgent"])
            #expect(order.map(\.1) == [4, 2, 1, 3])
            #expect(try await newsroom.claim(limit: 1).count == 1)
        }
    }

    @Test("Steps behind a limit hold up no others, and keep their place")
    func closedQueue() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(model: "m/x", priority: 10, tasks: 10, each: 100)
            try await newsroom.addSteps(model: "m/y", each: 5)
            try await newsroom.addSteps(each: 2)
            let limits = ClaimLimits(models: ["m/x": ModelLimits(concurrency: 1)])
            let first = try await newsroom.claim(limit: 4, limits: limits)
            #expect(first.count == 4)
            #expect(first.count { $0.model == ModelName("m/x") } == 1)
            let second = try await newsroom.claim(limit: 10, limits: limits)
            #expect(second.count == 4)
            #expect(second.allSatisfy { $0.model != ModelName("m/x") })
            #expect(try await newsroom.claim(limits: limits).isEmpty)
            let waiting = try await newsroom.store.waitingQueues(limits)
            #expect(waiting.queues == ["default": [StepQueue("m/x")]])
            #expect(waiting.models["m/x"]?.steps == 0)
            try await newsroom.close(first)
            let third = try await newsroom.claim(limits: limits)
            #expect(third.map(\.model) == [ModelName("m/x")])
        }
    }

    @Test("A model's limit counts the steps of all tenants")
    func modelOverTenants() async throws {
        try await withNewsroom { newsroom in
            for tenant in ["a", "b"] {
                try await newsroom.addSteps(tenant: tenant, model: "m/x", each: 10)
                try await newsroom.addSteps(tenant: tenant, model: "m/y", each: 10)
                // Names that begin alike.
                try await newsroom.addSteps(tenant: tenant, model: "m2/x", each: 1)
                try await newsroom.addSteps(tenant: tenant, model: "m/x2", each: 1)
            }
            let limits = ClaimLimits(
                models: ["m": ModelLimits(concurrency: 5), "m/x": ModelLimits(concurrency: 3), "m/x2": ModelLimits(concurrency: 1)])
            var claimed = try await newsroom.claim(tenant: "a", limit: 4, limits: limits)
            while case let more = try await newsroom.claim(tenant: "b", limit: 3, limits: limits), !more.isEmpty { claimed += more }
            while case let more = try await newsroom.claim(tenant: "a", limit: 3, limits: limits), !more.isEmpty { claimed += more }
            #expect(try await newsroom.running("model LIKE 'm/%'") == 5)
            #expect(try await newsroom.running("model = 'm/x'") <= 3)
            #expect(try await newsroom.running("model = 'm/x2'") <= 1)
            #expect(try await newsroom.running("model = 'm2/x'") == 2)
            // Handed back or completed, the place is free again.
            try await newsroom.close(claimed, as: "pending")
            #expect(try await newsroom.running() == 0)
            #expect(try await newsroom.claim(tenant: "b", limit: 100, limits: limits).count == 6)
        }
    }

    @Test("A tenant and a workflow have limits; the newest active version says the workflow's")
    func tenantAndWorkflow() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(workflow: "narrow", concurrency: 2, model: "m/x", tasks: 2, each: 10)
            try await newsroom.addSteps(workflow: "wide", model: "m/x", each: 50)
            let limits = ClaimLimits(tenantSteps: 20)
            #expect(try await newsroom.claim(limit: 5, limits: limits).count == 5)
            var rest = 0
            while case let more = try await newsroom.claim(limit: 5, limits: limits), !more.isEmpty { rest += more.count }
            #expect(rest == 15)
            #expect(try await newsroom.running("limited_workflow = 'narrow'") == 2)
            #expect(try await newsroom.claim(limit: 5, limits: ClaimLimits(tenantSteps: 3)).isEmpty)

            // Others than the newest active version do not count.
            try await newsroom.addSteps(workflow: "narrow", version: "1.1.0", concurrency: 4, each: 1)
            try await newsroom.addSteps(workflow: "narrow", version: "1.2.0", concurrency: 9, each: 1)
            _ = try await newsroom.client.query("UPDATE pressroom.workflows SET status = 'archived' WHERE version = '1.2.0'")
            while case let more = try await newsroom.claim(limit: 100), !more.isEmpty {}
            #expect(try await newsroom.running("limited_workflow = 'narrow'") == 4)
            // A version without a limit lifts it.
            try await newsroom.addSteps(workflow: "narrow", version: "1.3.0", each: 1)
            while case let more = try await newsroom.claim(limit: 100), !more.isEmpty {}
            #expect(try await newsroom.running() == 73)
        }
    }

    @Test("A tenant's own limit counts in place of the service's, and for no other tenant")
    func ownLimit() async throws {
        try await withNewsroom { newsroom in
            for tenant in ["a", "b"] { try await newsroom.addSteps(tenant: tenant, workflow: "wide", model: "m/x", each: 30) }
            _ = try await newsroom.store.setTenantLimits("a", [.steps: 3])
            let limits = ClaimLimits(tenantSteps: 5)
            #expect(try await newsroom.claim(tenant: "a", limit: 30, limits: limits).count == 3)
            #expect(try await newsroom.claim(tenant: "a", limit: 30, limits: limits).isEmpty)
            #expect(try await newsroom.claim(tenant: "b", limit: 30, limits: limits).count == 5)
            // More than others have, and none of its own.
            _ = try await newsroom.store.setTenantLimits("a", [.steps: 8])
            #expect(try await newsroom.claim(tenant: "a", limit: 30, limits: limits).count == 5)
            _ = try await newsroom.store.setTenantLimits("a", [.steps: nil])
            #expect(try await newsroom.claim(tenant: "a", limit: 30).count == 22)
            await #expect(throws: StoreError.self) { try await newsroom.store.setTenantLimits("a", [.steps: 0]) }
            await #expect(throws: StoreError.self) { try await newsroom.store.setTenantLimits("nowhere", [.steps: 1]) }
        }
    }

    @Test("Claims of many nodes at a time pass no limit and lose no place")
    func concurrentClaims() async throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        try await withNewsroom { newsroom in
            for tenant in ["a", "b"] {
                for model in ["m/x", "m/y", nil] {
                    try await newsroom.addSteps(tenant: tenant, workflow: "narrow", concurrency: 4, model: model, tasks: 2, each: 20)
                    try await newsroom.addSteps(tenant: tenant, workflow: "wide", model: model, tasks: 2, each: 20)
                }
            }
            let limits = ClaimLimits(
                tenantSteps: 9, models: ["m": ModelLimits(concurrency: 7), "m/x": ModelLimits(concurrency: 3)])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in 0..<4 {
                    group.addTask { try await Self.work(newsroom, limits, SeededGenerator(seed: seed + UInt64(node)), seed: seed) }
                }
                try await group.waitForAll()
            }
            #expect(try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status = 'completed'") == 480, "seed \(seed)")
            // What ran at each position of each log, exactly.
            for (limit, condition) in [(9, "true"), (4, "s.limited_workflow IS NOT NULL")] {
                #expect(try await newsroom.mostRunning(condition) == limit, "seed \(seed)")
            }
            let all = try await newsroom.count(
                "SELECT count(*) FROM pressroom.steps WHERE status IN ('running', 'pending') OR attempt = 0")
            #expect(all == 0, "seed \(seed)")
        }
    }

    /// Claims here and there; closes, hands back or loses what it claimed; until nothing waits or runs.
    private static func work(
        _ newsroom: Newsroom, _ limits: ClaimLimits, _ generator: SeededGenerator, seed: UInt64
    ) async throws {
        var random = generator
        var held: [ClaimedStep] = []
        while true {
            let tenant = Bool.random(using: &random) ? "a" : "b"
            do {
                held += try await newsroom.claim(tenant: tenant, limit: .random(in: 1...12, using: &random), limits: limits)
            } catch let error as PostgresError where error.sqlState == "55P03" {}
            let over = try await newsroom.count(
                """
                SELECT greatest(0, count(*) - 7) + greatest(0, count(*) FILTER (WHERE model = 'm/x') - 3)
                  FROM pressroom.steps WHERE status = 'running' AND model LIKE 'm/%'
                """)
            #expect(over == 0, "seed \(seed)")
            held.shuffle(using: &random)
            let ended = Array(held.prefix(.random(in: 0...max(1, held.count), using: &random)))
            held.removeFirst(ended.count)
            // Given back, now and then: by a node that stops, or by others when its lease ran out.
            try await newsroom.close(ended, as: Int.random(in: 0..<4, using: &random) == 0 ? "pending" : "completed")
            let left = try await newsroom.count("SELECT count(*) FROM pressroom.steps WHERE status IN ('pending', 'running')")
            if left == 0 { return }
        }
    }

    @Test("A step whose rows somebody holds is passed over for the next, even where one place is free")
    func heldRows() async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(priority: 9, each: 1)
            try await newsroom.addSteps(each: 1)
            let held = try await newsroom.client.query("SELECT task_id FROM pressroom.steps WHERE priority = 9")[0]
                .decode("task_id", as: UUID.self)
            for table in ["tasks", "phases", "steps", "outputs"] {
                let output = UUIDv7.next()
                try await newsroom.client.withTransaction { connection in
                    if table == "outputs" {
                        _ = try await newsroom.client.query(
                            "INSERT INTO pressroom.outputs (tenant_id, id, task_id, track) VALUES ('default', \(output), \(held), 'a')")
                        _ = try await newsroom.client.query("UPDATE pressroom.steps SET output_id = \(output) WHERE task_id = \(held)")
                    }
                    _ = try await connection.query("SELECT FROM pressroom.\(identifier: table) WHERE task_id = \(held) FOR UPDATE")
                    let claimed = try await newsroom.claim(limit: 1)
                    #expect(claimed.count == 1, "\(table)")
                    #expect(claimed.first?.taskID != held, "\(table)")
                    try await newsroom.close(claimed, as: "pending")
                }
            }
            let claimed = try await newsroom.claim(limit: 1)
            #expect(claimed.first?.taskID == held)
            #expect(try await newsroom.text("SELECT status FROM pressroom.outputs") == "writing")
        }
    }
}
