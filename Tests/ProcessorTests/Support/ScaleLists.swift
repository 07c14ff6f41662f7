import Base
import Foundation
import Postgres
import Store
import Testing
import Workflow

/// The lists of the glass box and of who may see what, with each of their filters, for one who sees the whole tenant and for a
/// member of workspaces.
extension ScaleTests.Operations {
    mutating func addLists(_ store: Store, taskID: UUID) async throws {
        let scope = Scope(tenantID: "default", userID: "local")
        let row = try await store.database.query(
            """
            SELECT c.id, c.step_id, pressroom.iso(t.created_at) AS at, t.workspace_id
              FROM pressroom.calls c JOIN pressroom.tasks t USING (tenant_id, task_id)
             WHERE c.tenant_id = 'default' AND t.workspace_id IS NOT NULL ORDER BY c.id OFFSET 100 LIMIT 1
            """)[0]
        let (callID, stepID, at): (UUID, UUID, String) = (
            try row.decode("id"), try row.decode("step_id"), try row.decode("at")
        )
        let workspaceID: UUID = try row.decode("workspace_id")
        let sight = Sight(userID: "person-1", workspaces: [workspaceID])
        for (sender, scope) in [("", scope), (" as a member", scope.seeing(sight))] {
            addSteps(store, scope, sender, taskID, since: at)
            addAttempts(store, scope, sender, taskID, stepID, since: at)
            addCalls(store, scope, sender, taskID, stepID, since: at)
            add("step" + sender) { try await store.step(scope, stepID) }
            add("call with its bodies" + sender) { try await store.call(scope, callID) }
            for (name, change) in [
                ("first page", { _ in }), ("name", { $0.name = "scale-1" }), ("no such name", { $0.name = "none" }),
                ("status", { $0.status = .archived }), ("category", { $0.category = "none" }), ("tag", { $0.tag = "none" }),
            ] as [(String, (inout WorkflowFilter) -> Void)] {
                var filter = WorkflowFilter()
                change(&filter)
                add("list workflows by \(name)\(sender)") { [filter] in
                    try await store.workflows(scope, filter, PageRequest(limit: 10), examined: 25)
                }
            }
            add("versions of a workflow" + sender) { try await store.workflowVersions(scope, name: "scale-1", PageRequest(isCounted: true)) }
            add("history, counted" + sender) { try await store.history(scope, taskID, PageRequest(isCounted: true)) }
            add("logs, counted" + sender) { try await store.logs(scope, taskID, PageRequest(isCounted: true)) }
        }
        add("overview") { try await store.overview(scope, window: .seconds(60), [:], examined: 25) }
        add("queues") { try await store.queues(scope, [:]) }
        add("processors") { try await store.processors(scope) }
        // Hours that are summed, in both data sets: those of one day.
        for grouping in UsageGrouping.allCases {
            add("usage by \(grouping)") {
                try await store.usage(scope, by: grouping, since: Self.hoursAgo(18 * 24), until: Self.hoursAgo(17 * 24))
            }
        }
        add("list API keys") { try await store.apiKeys(scope, PageRequest(limit: 10)) }
        add("list workspaces") { try await store.workspaces(scope, ids: nil, PageRequest(limit: 10)) }
        add("list own workspaces") { try await store.workspaces(scope, ids: [workspaceID], PageRequest(limit: 10)) }
        add("members of a workspace") { try await store.workspaceMembers(scope, workspaceID, PageRequest(isCounted: true)) }
        add("list schedules") { try await store.schedules(scope, ScheduleFilter(), PageRequest(limit: 10)) }
        for (name, workflow, isEnabled) in [("a workflow", "scale-4", nil), ("no such workflow", "none", nil), ("those that are on", nil, true)]
            as [(String, String?, Bool?)]
        {
            var filter = ScheduleFilter()
            filter.workflow = workflow
            filter.isEnabled = isEnabled
            add("list schedules of \(name)") { [filter] in try await store.schedules(scope, filter, PageRequest(limit: 10)) }
        }
        add("repeated request") {
            try await store.recordedResponse(scope, IdempotentRequest(key: "none", target: "POST /", body: ""))
        }
    }

    private mutating func addSteps(_ store: Store, _ scope: Scope, _ sender: String, _ taskID: UUID, since at: String) {
        for (name, change) in [
            ("first page", { _ in }), ("task", { $0.taskID = taskID }), ("failed", { $0.statuses = [.failed] }),
            ("statuses", { $0.statuses = [.skipped, .cancelled] }), ("kind", { $0.kind = "none" }), ("agent", { $0.agent = "none" }),
            ("model", { $0.model = "none" }), ("phase", { $0.phase = "none" }), ("error code", { $0.errorCode = "none" }),
            ("since", { $0.since = at }), ("failed since", { ($0.statuses, $0.since) = ([.failed], at) }),
        ] as [(String, (inout StepFilter) -> Void)] {
            var filter = StepFilter()
            change(&filter)
            add("list steps by \(name)\(sender)") { [filter] in
                try await store.steps(scope, filter, PageRequest(limit: 10), examined: 25)
            }
        }
    }

    private mutating func addAttempts(
        _ store: Store, _ scope: Scope, _ sender: String, _ taskID: UUID, _ stepID: UUID, since at: String
    ) {
        for (name, change) in [
            ("first page", { _ in }), ("task", { $0.taskID = taskID }), ("step", { $0.stepID = stepID }),
            ("status", { $0.statuses = [.lost] }), ("error code", { $0.errorCode = "none" }), ("since", { $0.since = at }),
        ] as [(String, (inout AttemptFilter) -> Void)] {
            var filter = AttemptFilter()
            change(&filter)
            add("list attempts by \(name)\(sender)") { [filter] in
                try await store.attempts(scope, filter, PageRequest(limit: 10), examined: 25)
            }
        }
    }

    private mutating func addCalls(
        _ store: Store, _ scope: Scope, _ sender: String, _ taskID: UUID, _ stepID: UUID, since at: String
    ) {
        for (name, change) in [
            ("first page", { _ in }), ("task", { $0.taskID = taskID }), ("step", { $0.stepID = stepID }),
            ("status", { $0.statuses = [.cancelled] }), ("model", { $0.model = "none" }), ("since", { $0.since = at }),
        ] as [(String, (inout CallFilter) -> Void)] {
            var filter = CallFilter()
            change(&filter)
            add("list calls by \(name)\(sender)") { [filter] in
                try await store.calls(scope, filter, PageRequest(limit: 10), examined: 25)
            }
        }
    }

    private static func hoursAgo(_ hours: Double) -> String {
        Timestamp(Date(timeIntervalSinceNow: -hours * 3_600)).text
    }
}
