import Base
import Client
import Foundation
import Postgres
import TestSupport
import Testing
import Workflow

/// Tasks that start others, while nodes die and people cancel.
@Suite struct SubtaskFaultTests {
    private static let yaml = """
        processor: {lease_timeout: 1500ms, heartbeat: 150ms}
        providers: {slow: {kind: rehearsal, tokens_per_second: 200, latency: 50ms}}
        """

    @Test func parentsAndChildrenEndTogether() async throws {
        let seeded = Seed.generator("parentsAndChildrenEndTogether")
        let definitions = [Definitions.piece("slow"), Definitions.nested]
        try await withNodes(Array(repeating: Self.yaml, count: 3), limit: FaultTime.limit) { nodes in
            try await disturbed(nodes, definitions, endings: ["completed", "cancelled"], generator: seeded) { generator in
                let start = ContinuousClock.now
                while FaultTime.goesOn(since: start) {
                    try await Task.sleep(for: generator.milliseconds(50..<1000))
                    let number = Int(generator.next(below: 3))
                    let (victim, other) = (nodes[number], nodes[(number + 1) % 3])
                    if generator.next(below: 3) == 0 { try await other.cancelOne(&generator) }
                    try await victim.kill()
                    try await Task.sleep(for: generator.milliseconds(1..<700))
                    try await victim.start()
                }
            }
            try await Self.checkFamilies(nodes[0])
        }
    }

    private static func checkFamilies(_ service: TestService) async throws {
        // Each step has started one sub-task, however often it had to run.
        #expect(
            try await service.number(
                "SELECT count(*) FROM (SELECT FROM pressroom.subtasks GROUP BY parent_step_id HAVING count(*) > 1) AS twice") == 0)
        // A parent that is completed has all of its five children's results, each once.
        let results = try await service.sql(
            """
            SELECT t.task_id::text AS task,
                   (SELECT count(DISTINCT s.output ->> 'task_id') FROM pressroom.steps s
                     WHERE s.tenant_id = t.tenant_id AND s.task_id = t.task_id AND s.kind = 'workflow') AS results,
                   (SELECT count(*) FROM pressroom.tasks c WHERE c.tenant_id = t.tenant_id AND c.parent_task_id = t.task_id
                       AND c.status = 'completed') AS children,
                   (SELECT count(*) FROM pressroom.tasks c WHERE c.tenant_id = t.tenant_id AND c.parent_task_id = t.task_id) AS all
              FROM pressroom.tasks t WHERE t.workflow_name = 'nested' AND t.status = 'completed'
            """)
        for row in results {
            let task: String = try row.decode("task")
            for column in ["results", "children", "all"] {
                let count = try row.decode(column, as: Int.self)
                #expect(count == 5, "\(task): \(column)")
            }
        }
        // What a parent's end has cancelled was begun by a parent that was cancelled.
        #expect(
            try await service.number(
                """
                SELECT count(*) FROM pressroom.tasks c JOIN pressroom.tasks p ON p.tenant_id = c.tenant_id AND p.task_id = c.parent_task_id
                 WHERE c.status = 'cancelled' AND p.status <> 'cancelled'
                """) == 0)
        print("\(results.count) parents completed")
    }
}

extension TestService {
    /// Cancels a parent, if one runs.
    fileprivate func cancelOne(_ generator: inout SeededGenerator) async throws {
        let rows = try await sql(
            "SELECT task_id::text FROM pressroom.tasks WHERE workflow_name = 'nested' AND status IN ('running', 'waiting') ORDER BY task_id")
        guard !rows.isEmpty else { return }
        let task: String = try rows[Int(generator.next(below: UInt64(rows.count)))].decode(0)
        do {
            try await client.transitionTask(task, .cancel)
        } catch is PressroomError {
            // It has just ended, or a row of it is held: then it runs on.
        }
    }
}
