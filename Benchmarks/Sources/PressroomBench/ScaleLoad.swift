import Base
import Foundation
import Store
import Workflow

/// Every kind of statement of a service, once.
struct ScaleLoad: Sendable {
    let store: Store
    let sample: ScaleSample
    private let processorID = UUIDv7.next()

    init(store: Store, sample: ScaleSample) {
        self.store = store
        self.sample = sample
    }

    private var scope: Scope { sample.scope }

    func round(_ times: inout ScaleTimes) async throws {
        let place = try await sample.place()
        try await claim(&times)
        try await start(place, &times)
        try await lists(place, &times)
        try await reads(place, &times)
        try await glassBox(place, &times)
        try await people(&times)
        try await sweeps(&times)
    }

    /// A batch of due steps, and its way back into the queue, which loads and saves its tasks as a commit does.
    private func claim(_ times: inout ScaleTimes) async throws {
        let steps = try await times.measure("claim_64") {
            try await store.claimSteps(scope, processorID: processorID, limit: 64)
        }
        guard steps.count == 64 else {
            throw BenchFailure("\(steps.count) steps of \(scope.tenantID) were due, and not 64: see scale.queue() in the data set")
        }
        _ = try await times.measure("lost_steps") {
            try await store.lostSteps(processorID: processorID, steps.map { (TenantKey($0.tenantID, $0.id), $0.attempt) })
        }
        try await times.measure("commit_64") {
            try await store.withTaskGraphs(scope, steps.map(\.taskID)) { graphs in
                for index in graphs.indices {
                    for step in steps { graphs[index].handBack(step.id) }
                }
            }
        }
    }

    private func start(_ place: ScaleSample.Place, _ times: inout ScaleTimes) async throws {
        guard let view = try await store.latestWorkflow(scope, name: place.workflow),
            let workflow = try await store.workflowVersion(scope, view.id)
        else { throw BenchFailure("there is no workflow \(place.workflow)") }
        let taskID = UUIDv7.next()
        let context = ExecutionContext(tenantID: scope.tenantID, userID: scope.userID, taskID: taskID, traceID: "00")
        _ = try await times.measure("start") {
            try await store.startTask(
                scope,
                .init(
                    taskID: taskID, workflow: workflow.definition, workflowID: workflow.id, input: ["topic": "scale"], config: [:],
                    context: context, priority: 0, runAt: nil, idempotencyKey: nil))
        }
        _ = try await times.measure("cancel") { try await store.transitionTask(scope, taskID, .cancel, ifVersion: nil) }
        try await times.measure("delete") { try await store.deleteTask(scope, taskID, ifVersion: nil) }
    }

    /// Each filter of `GET /tasks` by itself, and what is read most together.
    private func lists(_ place: ScaleSample.Place, _ times: inout ScaleTimes) async throws {
        func list(
            _ name: String, _ times: inout ScaleTimes, after: PageToken? = nil, _ change: (inout TaskFilter) -> Void
        ) async throws -> JSONText {
            var filter = TaskFilter()
            change(&filter)
            return try await times.read("list_" + name) {
                try await store.tasks(scope, filter, PageRequest(limit: 20, after: after)).json
            }
        }
        _ = try await list("first_page", &times) { _ in }
        let page = try await list("until", &times) { $0.until = place.createdAt }
        let next = try JSON(parsing: page.string)["next"]?.string.flatMap(PageToken.init)
        _ = try await list("later_page", &times, after: next) { _ in }
        _ = try await list("since", &times) { $0.since = place.createdAt }
        _ = try await list("status", &times) { $0.statuses = [.completed] }
        _ = try await list("rare_status", &times) { $0.statuses = [.failed] }
        _ = try await list("statuses", &times) { $0.statuses = [.failed, .cancelled, .running] }
        _ = try await list("workflow", &times) { $0.workflow = place.workflow }
        _ = try await list("conversation", &times) { $0.conversationID = place.filter.conversationID }
        _ = try await list("user", &times) { $0.userID = place.filter.userID }
        _ = try await list("workspace", &times) { $0.workspaceID = place.filter.workspaceID }
        _ = try await list("parent", &times) { $0.parentTaskID = place.filter.parentTaskID }
        _ = try await list("text", &times) { $0.text = "number" }
        _ = try await list("text_of_none", &times) { $0.text = "a topic that nobody has" }
        _ = try await list("user_and_workflow", &times) {
            $0.userID = place.filter.userID
            $0.workflow = place.workflow
        }
        _ = try await list("status_and_workflow", &times, after: next) {
            $0.statuses = [.failed, .cancelled]
            $0.workflow = place.workflow
        }
    }

    private func reads(_ place: ScaleSample.Place, _ times: inout ScaleTimes) async throws {
        _ = try await times.read("task") { try await store.task(scope, place.taskID) }
        _ = try await times.read("state") { try await store.taskState(scope, place.taskID) }
        _ = try await times.read("history") { try await store.history(scope, place.taskID, PageRequest()) }
        _ = try await times.read("outputs_of_task") { try await store.outputs(scope, place.taskID, PageRequest()) }
        _ = try await times.read("stream_opening") {
            try await store.streamReads.taskLogEnd(scope, taskID: place.taskID)
        }
        _ = try await times.read("replay_of_task") {
            try await store.eventPage(tenantID: scope.tenantID, .tasks([place.taskID]), after: 0)
        }
        if let conversation = place.filter.conversationID {
            _ = try await times.read("replay_of_conversation") {
                try await store.eventPage(tenantID: scope.tenantID, .conversation(ExactText(conversation)), after: 0)
            }
        }
        _ = try await times.read("replay_500") {
            try await store.eventPage(
                tenantID: scope.tenantID, after: place.position, limit: EventPageLimit(count: 500, bytes: 1 << 20))
        }
    }

    /// The lists of steps, attempts and calls with each of their filters, and what sums them up.
    private func glassBox(_ place: ScaleSample.Place, _ times: inout ScaleTimes) async throws {
        let page = PageRequest(limit: 20)
        for (name, change) in [
            ("first_page", { _ in }), ("task", { $0.taskID = place.taskID }), ("failed", { $0.statuses = [.failed] }),
            ("statuses", { $0.statuses = [.skipped, .cancelled] }), ("kind", { $0.kind = "none" }), ("agent", { $0.agent = "none" }),
            ("model", { $0.model = "none" }), ("phase", { $0.phase = "none" }), ("error_code", { $0.errorCode = "none" }),
            ("since", { $0.since = place.createdAt }),
        ] as [(String, (inout StepFilter) -> Void)] {
            var filter = StepFilter()
            change(&filter)
            _ = try await times.read("steps_" + name) { try await store.steps(scope, filter, page) }
        }
        for (name, change) in [
            ("first_page", { _ in }), ("task", { $0.taskID = place.taskID }), ("status", { $0.statuses = [.lost] }),
            ("error_code", { $0.errorCode = "none" }), ("since", { $0.since = place.createdAt }),
        ] as [(String, (inout AttemptFilter) -> Void)] {
            var filter = AttemptFilter()
            change(&filter)
            _ = try await times.read("attempts_" + name) { try await store.attempts(scope, filter, page) }
        }
        for (name, change) in [
            ("first_page", { _ in }), ("task", { $0.taskID = place.taskID }), ("status", { $0.statuses = [.cancelled] }),
            ("model", { $0.model = "none" }), ("since", { $0.since = place.createdAt }),
        ] as [(String, (inout CallFilter) -> Void)] {
            var filter = CallFilter()
            change(&filter)
            _ = try await times.read("calls_" + name) { try await store.calls(scope, filter, page) }
        }
        _ = try await times.read("logs_of_task") { try await store.logs(scope, place.taskID, PageRequest(isCounted: true)) }
        _ = try await times.read("overview") { try await store.overview(scope, window: .seconds(60), [:]) }
        _ = try await times.read("queues") { try await store.queues(scope, [:]) }
        _ = try await times.read("processors") { try await store.processors(scope) }
        for grouping in UsageGrouping.allCases {
            // A day that is summed.
            _ = try await times.read("usage_by_\(grouping)") {
                try await store.usage(scope, by: grouping, since: Self.daysAgo(10), until: Self.daysAgo(9))
            }
        }
    }

    private static func daysAgo(_ days: Double) -> String {
        Timestamp(Date(timeIntervalSinceNow: -days * 86_400)).text
    }

    private func people(_ times: inout ScaleTimes) async throws {
        let page = PageRequest(limit: 20)
        _ = try await times.read("api_keys") { try await store.apiKeys(scope, page) }
        _ = try await times.read("workspaces") { try await store.workspaces(scope, ids: nil, page) }
        _ = try await times.read("schedules") { try await store.schedules(scope, ScheduleFilter(), page) }
        var filter = ScheduleFilter()
        filter.workflow = "scale-4"
        _ = try await times.read("schedules_of_workflow") { try await store.schedules(scope, filter, page) }
    }

    /// The sweeps that nodes repeat all the time, mostly without a result.
    private func sweeps(_ times: inout ScaleTimes) async throws {
        _ = try await times.measure("sweep_due_steps") { try await store.waitingQueues(ClaimLimits()) }
        _ = try await times.measure("sweep_due_tenants") { try await store.tenantsWithDueWakeups() }
        _ = try await times.measure("sweep_due_tasks") { try await store.dueWakeups(scope, limit: 64) }
        _ = try await times.measure("sweep_idle_tasks") { try await store.wakeIdleTasks() }
        _ = try await times.measure("sweep_orphans") { try await store.orphanedSteps(leaseTimeout: .seconds(10), limit: 1_000) }
        _ = try await times.measure("sweep_stranded") { try await store.claimedSteps(processorID: processorID, before: .seconds(5)) }
        try await times.measure("sweep_texts") { try await store.removeAbandonedLiveTexts() }
        _ = try await times.measure("retention_search") { try await store.pruneEvents(olderThan: .seconds(3650 * 86_400)) }
    }

    /// Removes events that are past a retention that ends just behind them. The first of them are the oldest of the log,
    /// which have not been read for long.
    func removeOldest(_ times: inout ScaleTimes) async throws {
        guard let age = try await sample.age(ofEvent: 200) else { return }
        let name = "retention_200_events"
        _ = try await times.measure(times["first_" + name].isEmpty ? "first_" + name : name) {
            try await store.pruneEvents(olderThan: age)
        }
    }
}
