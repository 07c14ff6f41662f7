import Foundation
import Store
import Workflow

/// Makes tasks of schedules: finds the workflow as it is now and checks the input against it.
final class ScheduledStarts: Sendable {
    private let store: Store
    private let definitions = DefinitionCache()

    init(store: Store) {
        self.store = store
    }

    /// A task for the time `due`.
    ///
    /// - Throws: `ScheduleFailure` when the schedule cannot start one; what the store throws.
    func start(_ scope: Scope, _ schedule: ScheduleRow, due: Date) async throws -> TaskStart {
        let values = schedule.values
        let workflow = try await workflow(scope, values)
        guard let entry = try await definitions.entry(store, scope, id: workflow.id) else {
            throw ScheduleFailure.noWorkflow(values.workflowName, version: values.workflowVersion)
        }
        let input = entry.input.applyingDefaults(to: values.input)
        let problems = entry.input.validate(input, at: "/input")
        guard problems.isEmpty else { throw ScheduleFailure.input(problems) }
        let taskID = UUIDv7.next()
        let time = Timestamp.text(of: due)
        return TaskStart(
            taskID: taskID, workflow: entry.definition, workflowID: workflow.id, input: input, config: values.config,
            context: values.context.forTask(taskID, traceID: Self.newTraceID()), priority: values.priority, runAt: time,
            idempotencyKey: "schedule:\(schedule.id.text):\(time)")
    }

    private func workflow(_ scope: Scope, _ values: ScheduleValues) async throws -> WorkflowView {
        let (name, version) = (values.workflowName, values.workflowVersion)
        guard let version else {
            guard let view = try await store.latestWorkflow(scope, name: name) else {
                throw ScheduleFailure.noWorkflow(name, version: nil)
            }
            return view
        }
        guard let view = try await store.workflow(scope, name: name, version: version) else {
            throw ScheduleFailure.noWorkflow(name, version: version)
        }
        guard view.status == .active else {
            throw ScheduleFailure.inactive(name, version: version, status: view.status.rawValue)
        }
        return view
    }

    private static func newTraceID() -> String { UUID().text.replacing("-", with: "") }
}
