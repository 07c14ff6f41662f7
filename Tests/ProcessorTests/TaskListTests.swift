import Base
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Workflow

@Suite("Lists of tasks", .limit(minutes: 3))
struct TaskListTests {
    private struct Listed: Sendable {
        let id: UUID
        let createdAt: Int
        let status: TaskStatus
        let workflow: String
        let user: String
        let conversation: String?
        let parent: UUID?
        let workspace: UUID?
        let text: String

        func fits(_ filter: TaskFilter) -> Bool {
            (filter.statuses.isEmpty || filter.statuses.contains(status)) && (filter.workflow ?? workflow) == workflow
                && (filter.userID ?? user) == user && (filter.conversationID == nil || filter.conversationID == conversation)
                && (filter.parentTaskID == nil || filter.parentTaskID == parent)
                && (filter.workspaceID == nil || filter.workspaceID == workspace)
                && (filter.since.map { createdAt >= Self.second($0) } ?? true)
                && (filter.until.map { createdAt < Self.second($0) } ?? true)
                && (filter.text.map { text.lowercased().contains($0.lowercased()) } ?? true)
        }

        static func time(_ second: Int) -> String { "2026-01-01T00:00:\(second < 10 ? "0" : "")\(second).000001Z" }
        private static func second(_ text: String) -> Int { Int(text.dropFirst(17).prefix(2)) ?? -1 }
    }

    @Test("the pages of any filter make up what fits it, however few rows are looked at for each", arguments: 0..<3)
    func pages(run: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        func pick<T>(_ choices: [T]) -> T { choices[Int(random.next(below: UInt64(choices.count)))] }
        let ids = (0..<3).map { _ in UUIDv7.next() }
        // Several of one time, ids in any order.
        let tasks = (0..<150).map { _ in
            Listed(
                id: UUID(), createdAt: Int(random.next(below: 40)), status: pick(TaskStatus.allCases),
                workflow: pick(["a", "b"]), user: pick(["u", "v"]), conversation: pick(["c", "d", nil]),
                parent: pick([ids[0], nil]), workspace: pick([ids[1], ids[2], nil]), text: pick(["Green Tea", "coffee"]))
        }
        try await withPostgresClient(migrated: true, maxConnections: 1) { client in
            try await insert(tasks, client)
            let store = Store(database: client), scope = Scope(tenantID: "default", userID: "local")
            for _ in 0..<60 {
                var filter = TaskFilter()
                switch random.next(below: 3) {
                case 0: filter.statuses = [pick(TaskStatus.allCases)]
                case 1: filter.statuses = (0..<3).map { _ in pick(TaskStatus.allCases) }
                default: break
                }
                if pick([true, false, false]) { filter.workflow = pick(["a", "b", "c"]) }
                if pick([true, false, false]) { filter.userID = pick(["u", "v", "w"]) }
                if pick([true, false, false, false]) { filter.conversationID = pick(["c", "d", "e"]) }
                if pick([true, false, false, false]) { filter.parentTaskID = pick(ids) }
                if pick([true, false, false, false]) { filter.workspaceID = pick(ids) }
                if pick([true, false, false]) { filter.since = Listed.time(Int(random.next(below: 40))) }
                if pick([true, false, false]) { filter.until = Listed.time(Int(random.next(below: 40))) }
                if pick([true, false, false]) { filter.text = pick(["TEA", "ee", "%", "nothing"]) }
                let limit = 1 + Int(random.next(below: 20)), examined = 1 + Int(random.next(below: 30))
                var found: [UUID] = []
                var token: PageToken?
                repeat {
                    let page = try JSON(
                        parsing: await store.tasks(
                            scope, filter, PageRequest(limit: limit, after: token), examined: examined
                        ).json.bytes)
                    let items = page["items"]?.array ?? []
                    #expect(items.count <= limit, "seed \(seed)")
                    found += items.compactMap { $0["task_id"]?.string.flatMap(UUID.init(text:)) }
                    token = page["next"]?.string.flatMap(PageToken.init)
                } while token != nil
                let expected = tasks.filter { $0.fits(filter) }.sorted { ($0.createdAt, $0.id.uuidString) > ($1.createdAt, $1.id.uuidString) }
                #expect(found == expected.map(\.id), "seed \(seed): \(filter)")
            }
        }
    }

    @Test("a token of another list is refused", arguments: ["1", "1.2", "-1.01a1fdd7-4be6-7376-a957-f64227ed3514", "x.y", "999999999999999999.01a1fdd7-4be6-7376-a957-f64227ed3514"])
    func tokens(key: String) async throws {
        try await withPostgresClient(migrated: true, maxConnections: 1) { client in
            let text = Data(key.utf8).base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            let token = try #require(PageToken(text))
            await #expect(throws: StoreError.self) {
                _ = try await Store(database: client).tasks(
                    Scope(tenantID: "default", userID: "local"), TaskFilter(), PageRequest(after: token))
            }
        }
    }

    private func insert(_ tasks: [Listed], _ client: PostgresClient) async throws {
        let workflowID = UUIDv7.next()
        _ = try await client.query(
            """
            INSERT INTO pressroom.workflows (tenant_id, id, name, version, version_sort, definition)
            VALUES ('default', \(workflowID), 'w', '1.0.0', '1', '{}')
            """)
        for task in tasks {
            let context: JSON = [
                "user_id": .string(task.user), "conversation_id": task.conversation.map(JSON.string) ?? .null,
            ]
            try await client.withTransaction { connection in
                // The triggers are off: no task begins with its end.
                _ = try await connection.query("SET LOCAL session_replication_role = replica")
                _ = try await connection.query(
                    """
                    INSERT INTO pressroom.tasks (tenant_id, task_id, workflow_id, workflow_name, workflow_version, status,
                           context, input, parent_task_id, workspace_id, created_at)
                    VALUES ('default', \(task.id), \(workflowID), \(task.workflow), '1.0.0', \(task.status.rawValue),
                            \(context)::jsonb, \(["topic": .string(task.text)] as JSON)::jsonb, \(task.parent),
                            \(task.workspace), \(Listed.time(task.createdAt))::timestamptz)
                    """)
            }
        }
    }
}
