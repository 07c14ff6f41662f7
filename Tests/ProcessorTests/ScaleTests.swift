import Base
import Foundation
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Workflow

/// What a statement reads does not grow with the tables, also in a session whose plans are from when they were small. The
/// same with a million tasks, and the time that it takes: `scripts/bench scale`.
@Suite("Large tables", .limit(minutes: 3))
struct ScaleTests {
    private static let tasks = 10_000

    @Test("every statement reads as much of large tables as of small ones")
    func footprints() async throws {
        try await DataSet.with { data in
            // Enough that PostgreSQL looks rows up by their keys here too: on fewer it reads more rows on fewer pages.
            try await data.grow(900, from: 20, to: 15)
            try await data.queue(16, daysAgo: 14)
            try await data.addHumanTasks(300)
            let store = Store(database: data.client)
            // PostgreSQL decides on the plan that it keeps at the sixth time.
            for _ in 0..<6 { try await Self.operations(store).run { try await $0.body() } }
            var small: [String: Footprint] = [:]
            try await Self.operations(store).run { small[$0.name] = try await $0.footprint(data.client) }
            try await data.grow(Self.tasks, from: 13, to: 0)
            try await data.addHumanTasks(Self.tasks)
            let events = try await data.client.query("SELECT count(*) FROM pressroom.events")[0].decode(0, as: Int.self)
            #expect(events > 10 * Self.tasks)
            _ = try await data.client.query("SELECT pg_stat_force_next_flush()")
            let analyzed = try await store.analyzeGrownTables()
            #expect(analyzed >= 10)
            try await Self.operations(store).run { operation in
                let before = try #require(small[operation.name])
                let after = try await operation.footprint(data.client)
                #expect(after.wholeTables == [], "\(operation.name)")
                // A level more of a tree for each row that is looked up, and what the vacuum has not been to.
                #expect(after.pages <= 2 * before.pages + 40, "\(operation.name): \(before) grew to \(after)")
                #expect(after.rows <= 2 * before.rows + 20, "\(operation.name): \(before) grew to \(after)")
            }
        }
    }

    @Test("what has waited is no longer in the way once the table is vacuumed, however large it is")
    func vacuum() async throws {
        try await DataSet.with { data in
            try await data.grow(Self.tasks / 5, from: 13, to: 0)
            try await data.queue(16, daysAgo: 0)
            _ = try await data.client.query("VACUUM ANALYZE pressroom.steps")
            let store = Store(database: data.client)
            _ = try await store.waitingQueues(ClaimLimits())
            let before = try await Footprint.of(data.client) { _ = try await store.waitingQueues(ClaimLimits()) }
            try await data.waitAgain(250)
            let crowded = try await Footprint.of(data.client) { _ = try await store.waitingQueues(ClaimLimits()) }
            #expect(crowded.pages > before.pages + 20)
            _ = try await data.client.query("VACUUM pressroom.steps")
            let after = try await Footprint.of(data.client) { _ = try await store.waitingQueues(ClaimLimits()) }
            #expect(after.pages <= before.pages + 5, "\(before) grew to \(after)")
            let tables = try await data.client.query(
                """
                SELECT relname::text FROM pg_class WHERE relnamespace = 'pressroom'::regnamespace
                   AND 'autovacuum_vacuum_scale_factor=0' = ANY(reloptions) ORDER BY 1
                """
            ).map { try $0.decode(0, as: String.self) }
            #expect(tables == ["steps", "tasks"])
        }
    }

    struct Operation: Sendable {
        let name: String
        let body: @Sendable () async throws -> Void

        func footprint(_ client: PostgresClient) async throws -> Footprint { try await Footprint.of(client, body) }
    }

    /// What one operation leaves for the next.
    final class Kept<Value: Sendable>: Sendable {
        private let value: Mutex<Value>

        init(_ value: Value) { self.value = Mutex(value) }

        func withLock<T: Sendable>(_ body: (inout Value) -> T) -> T { value.withLock { body(&$0) } }
    }

    struct Operations {
        var all: [Operation] = []

        mutating func add<T>(_ name: String, _ body: @escaping @Sendable () async throws -> T) {
            all.append(Operation(name: name) { _ = try await body() })
        }

        /// In their order, each of which goes on where the one before has left the tables.
        func run(_ each: (Operation) async throws -> Void) async throws {
            for operation in all { try await each(operation) }
        }
    }

    /// - Returns: what a service does to its tables; each can be done again and again.
    private static func operations(_ store: Store) async throws -> Operations {
        let scope = Scope(tenantID: "default", userID: "local")
        let processorID = UUIDv7.next()
        let started = Kept<[UUID]>([]), claimed = Kept<[ClaimedStep]>([])
        let row = try await store.database.query(
            """
            SELECT task_id, parent_task_id, workspace_id, pressroom.iso(created_at) AS at FROM pressroom.tasks
             WHERE tenant_id = 'default' AND parent_task_id IS NOT NULL AND workspace_id IS NOT NULL
             ORDER BY created_at, task_id OFFSET 20 LIMIT 1
            """)[0]
        let taskID: UUID = try row.decode("task_id")
        var operations = Operations()

        func list(_ name: String, after: PageToken? = nil, _ change: (inout TaskFilter) throws -> Void) rethrows {
            var filter = TaskFilter()
            try change(&filter)
            operations.add("list " + name) { [filter] in
                try await store.tasks(scope, filter, PageRequest(limit: 10, after: after), examined: 25)
            }
        }
        let at: String = try row.decode("at")
        var older = TaskFilter()
        older.until = at
        let page = try JSON(parsing: try await store.tasks(scope, older, PageRequest(limit: 5)).json.bytes)
        let next = page["next"]?.string.flatMap(PageToken.init)
        list("first page") { _ in }
        list("later page", after: next) { _ in }
        list("since") { $0.since = at }
        list("until") { $0.until = at }
        list("since and until") {
            $0.since = "2001-01-01T00:00:00Z"
            $0.until = at
        }
        list("status") { $0.statuses = [.completed] }
        list("rare status") { $0.statuses = [.failed] }
        list("no such status") { $0.statuses = [.paused] }
        list("statuses") { $0.statuses = [.failed, .cancelled, .paused] }
        list("workflow") { $0.workflow = "scale-1" }
        list("no such workflow") { $0.workflow = "none" }
        list("conversation") { $0.conversationID = "talk-2" }
        list("user") { $0.userID = "person-1" }
        list("no such user") { $0.userID = "nobody" }
        try list("workspace") { $0.workspaceID = try row.decode("workspace_id") }
        list("no such workspace") { $0.workspaceID = UUIDv7.next() }
        try list("parent") { $0.parentTaskID = try row.decode("parent_task_id") }
        list("text") { $0.text = "a draft by nobody" }
        list("workflow and status") {
            $0.workflow = "scale-1"
            $0.statuses = [.paused]
        }
        list("statuses, user and text") {
            $0.statuses = [.failed, .cancelled]
            $0.userID = "person-3"
            $0.text = "x"
        }

        list("workflow and rare statuses") {
            $0.workflow = "scale-2"
            $0.statuses = [.failed, .cancelled]
        }
        list("workflow and all statuses") {
            $0.workflow = "scale-2"
            $0.statuses = TaskStatus.allCases
        }

        func inbox(_ name: String, _ change: (inout HumanTaskFilter) -> Void) {
            var filter = HumanTaskFilter()
            change(&filter)
            operations.add("human tasks " + name) { [filter] in
                try await store.humanTasks(scope, filter, PageRequest(limit: 10), examined: 25)
            }
        }
        inbox("first page") { _ in }
        inbox("open") { $0.statuses = ["pending", "claimed"] }
        inbox("overdue") { $0.isOverdue = true }
        inbox("not overdue") { $0.isOverdue = false }
        inbox("by assignee") { $0.assigneeID = "person-1" }
        inbox("by no such assignee") { $0.assigneeID = "nobody" }
        inbox("by group and status") {
            $0.assigneeGroup = "nobody"
            $0.statuses = ["claimed", "completed"]
        }

        operations.add("task") { try await store.task(scope, taskID) }
        operations.add("state") { try await store.taskState(scope, taskID, include: [.versions]) }
        operations.add("history") { try await store.history(scope, taskID, PageRequest()) }
        let outputID: UUID = try await store.database.query(
            "SELECT id FROM pressroom.outputs WHERE tenant_id = 'default' AND task_id = \(taskID) LIMIT 1")[0].decode(0)
        operations.add("outputs of a task") { try await store.outputs(scope, taskID, PageRequest()) }
        operations.add("versions of an output") {
            try await store.outputVersions(scope, taskID, outputID: outputID, PageRequest())
        }
        operations.add("evaluations of a task") { try await store.evaluations(scope, taskID, PageRequest()) }
        operations.add("rankings of a task") { try await store.rankings(scope, taskID, PageRequest()) }
        operations.add("logs of a task") { try await store.logs(scope, taskID, PageRequest()) }
        try await operations.addLists(store, taskID: taskID)
        operations.add("opening of a stream") { try await store.streamReads.taskLogEnd(scope, taskID: taskID) }
        operations.add("replay of a task") {
            try await store.eventPage(tenantID: "default", .tasks([taskID]), after: 0)
        }
        operations.add("replay of two tasks") {
            try await store.eventPage(tenantID: "default", .tasks([taskID, UUIDv7.next()]), after: 10)
        }
        operations.add("replay of a conversation") {
            try await store.eventPage(tenantID: "default", .conversation("talk-2"), after: 0)
        }
        operations.add("replay of no conversation") {
            try await store.eventPage(tenantID: "default", .conversation("none"), after: 0)
        }
        operations.add("replay") {
            try await store.eventPage(tenantID: "default", after: 50, limit: EventPageLimit(count: 100))
        }
        let workflowID: UUID = try await store.database.query(
            "SELECT id FROM pressroom.workflows WHERE tenant_id = 'default' AND name = 'copied'")[0].decode(0)
        let workflow = try #require(try await store.workflowVersion(scope, workflowID)).definition
        operations.add("start") {
            let taskID = UUIDv7.next()
            started.withLock { $0.append(taskID) }
            _ = try await store.startTask(
                scope,
                TaskStart(
                    taskID: taskID, workflow: workflow, workflowID: workflowID, input: ["topic": "tests"], config: [:],
                    context: ExecutionContext(tenantID: "default", userID: "local", taskID: taskID, traceID: "00"),
                    priority: 0, runAt: nil, idempotencyKey: nil))
        }
        operations.add("cancel") {
            let taskID = started.withLock { $0[$0.count - 1] }
            _ = try await store.transitionTask(scope, taskID, .cancel, ifVersion: nil)
        }
        operations.add("delete") {
            let taskID = started.withLock { $0.removeLast() }
            try await store.deleteTask(scope, taskID, ifVersion: nil)
        }
        operations.add("claim") {
            let steps = try await store.claimSteps(scope, processorID: processorID, limit: 16)
            try #require(steps.count == 16)
            claimed.withLock { $0 = steps }
        }
        operations.add("lease") {
            let held = claimed.withLock { $0 }.map { (TenantKey($0.tenantID, $0.id), $0.attempt) }
            let lost = try await store.lostSteps(processorID: processorID, held)
            #expect(lost.isEmpty)
        }
        operations.add("material") {
            _ = try await store.stepMaterial(scope, claimed.withLock { $0 }.map(\.taskID))
        }
        operations.add("commit") {
            let steps = claimed.withLock { $0 }
            try await store.withTaskGraphs(scope, steps.map(\.taskID)) { graphs in
                for index in graphs.indices {
                    for step in steps { graphs[index].handBack(step.id) }
                }
            }
        }
        operations.add("sweep for due steps") { try await store.waitingQueues(ClaimLimits()) }
        operations.add("sweep for due tenants") { try await store.tenantsWithDueWakeups() }
        operations.add("sweep for due tasks") { try await store.dueWakeups(scope, limit: 64) }
        operations.add("sweep for idle tasks") { try await store.wakeIdleTasks() }
        operations.add("sweep for orphans") { try await store.orphanedSteps(leaseTimeout: .seconds(10), limit: 100) }
        operations.add("sweep for stranded steps") { try await store.claimedSteps(processorID: processorID, before: .zero) }
        operations.add("sweep for texts") { try await store.removeAbandonedLiveTexts() }
        operations.add("retention") { try await store.pruneEvents(olderThan: .seconds(365 * 86_400)) }
        return operations
    }
}
