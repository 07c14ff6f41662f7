import Base
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

@testable import Store

@Suite("What a claim reads", .limit(minutes: 5))
struct ClaimPlanTests {
    @Test("With 100,000 waiting steps and many finished ones a claim reads some pages of each", arguments: [false, true])
    func buffers(isAnalyzed: Bool) async throws {
        try await withNewsroom { newsroom in
            try await newsroom.addSteps(model: "m/x", tasks: 20_000, each: 2, status: "completed")
            for (tenant, model) in [("default", "m/x"), ("default", "m/y"), ("crowd", "m/x")] {
                try await newsroom.addSteps(tenant: tenant, model: model, tasks: 1_000, each: 33)
            }
            try await newsroom.addSteps(model: "m/z", priority: -9, each: 100)
            let sql = try await newsroom.client.withConnection { connection in
                if isAnalyzed { _ = try await connection.query("ANALYZE") }
                // As the service's prepared statements are planned after some runs.
                _ = try await connection.query("SET plan_cache_mode = force_generic_plan")
                let due = DueStep.query("", [], limit: 0).sql
                let queues = Store.waitingQueuesQuery.sql
                let capacities = Store.modelCapacities([:])
                var plans: JSONObject = [:]
                for (name, sql, values) in [
                    ("due", due, "('{m/x,m/y,m/z}', 'default', 10)"), ("queues", queues, ""),
                    (
                        "capacities", capacities.sql,
                        "('[{\"scope\": \"m\", \"first\": \"m/\", \"past\": \"m0\", \"concurrency\": 9}]')"
                    ),
                ] {
                    _ = try await connection.query("PREPARE \(raw: name) AS \(raw: sql)")
                    let text = try await connection.query("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE \(raw: name) \(raw: values)")[0]
                    plans[name] = try JSON(parsing: Array(try text.decode(0, as: String.self).utf8))
                }
                return plans
            }
            for (name, plan) in sql {
                let root = try #require(plan[0]?["Plan"])
                let pages = (root["Shared Hit Blocks"]?.int ?? 0) + (root["Shared Read Blocks"]?.int ?? 0)
                #expect(pages < 1_000, "\(name): \(plan.text)")
                for node in Self.nodes(root) where node["Node Type"] == "Seq Scan" {
                    #expect(!["steps", "tasks", "phases", "events"].contains(node["Relation Name"]?.string ?? ""), "\(name): \(plan.text)")
                }
            }
            #expect(sql["due"]?[0]?["Plan"]?["Actual Rows"]?.int == 30)
            #expect(sql["queues"]?[0]?["Plan"]?["Actual Rows"]?.int == 4)
        }
    }

    private static func nodes(_ node: JSON) -> [JSON] {
        [node] + (node["Plans"]?.array ?? []).flatMap(nodes)
    }
}
