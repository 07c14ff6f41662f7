import Base
import Foundation
import NIOHTTP1
import Postgres
import Store
import Testing
import Workflow

@Suite struct StateTests {
    /// The rows of a list, each by the database's own row form, in the order that the contract gives.
    private static let lists: [(key: String, sql: String)] = [
        ("phases", "SELECT pressroom.phase_json(r) AS row FROM pressroom.phases r WHERE task_id = $1 ORDER BY ordinal"),
        ("steps", "SELECT pressroom.step_json(r) AS row FROM pressroom.steps r WHERE task_id = $1 ORDER BY sequence"),
        ("outputs", "SELECT pressroom.output_json(r) AS row FROM pressroom.outputs r WHERE task_id = $1 ORDER BY created_at, id"),
        ("output_versions",
         "SELECT pressroom.output_version_json(r) AS row FROM pressroom.output_versions r WHERE task_id = $1 ORDER BY created_at, id"),
        ("evaluations",
         "SELECT pressroom.evaluation_json(r) AS row FROM pressroom.evaluations r WHERE task_id = $1 ORDER BY created_at, id"),
        ("logs", "SELECT pressroom.log_json(r) AS row FROM pressroom.logs r WHERE task_id = $1 ORDER BY created_at, id"),
        ("rankings", "SELECT pressroom.ranking_json(r) AS row FROM pressroom.rankings r WHERE task_id = $1 ORDER BY created_at, id"),
    ]

    @Test func theStateIsWhatTheTablesHold() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client)
            let path = "/api/v1/tasks/\(task.uuidString)"
            let answer = try await api.send(.GET, path + "/state?include=versions,logs")
            #expect(answer.status == 200)
            let state = answer.json
            #expect(state["task"] == (try await api.send(.GET, path)).json)
            for list in Self.lists {
                let rows = try await api.client.query(
                    PostgresQuery(sql: list.sql, parameters: [PostgresParameter(task)]))
                let expected = try rows.map { try JSON(parsing: $0["row"].bytes ?? []) }
                #expect(!expected.isEmpty, "\(list.key)")
                #expect(state[list.key] == .array(expected), "\(list.key)")
            }
            #expect(state["human_tasks"] == [])
            #expect(state["live"]?[0]?["text"] == "written so far")
            let head = try await api.store.logHead(APIFixture.scope)
            #expect(state["cursor"]?.string == head.cursor.description)
            #expect(answer.tag == "\"\(head.cursor)\"")
            #expect(state["status"] == "pending")

            let alias = try await api.send(.GET, "/api/v1/workflows/launch/state/\(task.uuidString)?include=versions,logs")
            #expect(alias.text == answer.text)
            let lean = try await api.send(.GET, path + "/state?steps=false").json
            #expect(lean["steps"] == nil)
            #expect(lean["output_versions"] == nil)
            #expect(lean["logs"] == nil)
        }
    }

    @Test func theCursorIsTheEntityTag() async throws {
        try await APIFixture.with { api in
            let path = "/api/v1/tasks/\(try await api.startTask().uuidString)"
            let tag = try #require(try await api.send(.GET, path + "/state").tag)
            #expect(try await api.send(.GET, path + "/state", headers: ["if-none-match": tag]).status == 304)
            #expect(try await api.send(.GET, path + "/state", headers: ["if-none-match": "W/\(tag), \"x\""]).status == 304)
            _ = try await api.send(.POST, path + "/events", ["data": 1] as JSON)
            #expect(try await api.send(.GET, path + "/state", headers: ["if-none-match": tag]).status == 200)
        }
    }

    /// Writers change two tables in each transaction; a state that mixed two moments would show two numbers.
    @Test func aStateIsOneMoment() async throws {
        try await APIFixture.with { api in
            let task = try await api.startTask()
            try await TaskRows.add(to: task, api.client, outputs: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 1...150 {
                        try await api.store.write(APIFixture.scope) { connection in
                            _ = try await connection.pipeline([
                                "UPDATE pressroom.tasks SET priority = \(number) WHERE task_id = \(task)",
                                "UPDATE pressroom.outputs SET edit_cycle = \(number) WHERE task_id = \(task)",
                            ])
                        }
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        var last = 0
                        while last < 150 {
                            let state = try await api.send(.GET, "/api/v1/tasks/\(task.uuidString)/state").json
                            let priority = try #require(state["task"]?["priority"]?.int)
                            let cycles = state["outputs"]?.array?.compactMap { $0["edit_cycle"]?.int }
                            #expect(cycles == [priority, priority])
                            #expect(priority >= last)
                            last = priority
                            // Of each transaction's three events the last one is at the cursor.
                            let cursor = try #require(state["cursor"]?.string.flatMap(Cursor.init))
                            let rows = try await api.client.query(
                                """
                                SELECT payload -> 'output' ->> 'edit_cycle' AS cycle FROM pressroom.events
                                 WHERE tenant_id = 'default' AND position = \(cursor.position)
                                """)
                            #expect(rows[0]["cycle"].string == String(priority) || priority == 0)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
