import Store
import Workflow

extension APIEnvironment {
    /// The workflow of which a task is to start: the named version, or else the latest active one.
    func startable(
        _ name: String, version: String?, _ scope: Scope
    ) async throws -> (view: WorkflowView, entry: DefinitionCache.Entry) {
        let view: WorkflowView?
        if let version {
            view = try await store.workflow(scope, name: name, version: version)
        } else {
            view = try await store.latestWorkflow(scope, name: name)
        }
        guard let view, let entry = try await definitions.entry(store, scope, id: view.id) else {
            let problem =
                version.map { Problem(pointer: "/version", detail: "\($0) is no version of \(name)") }
                ?? Problem(pointer: "/workflow", detail: "\(name) is no workflow with an active version")
            throw ProblemError(.invalid, "There is no such workflow: \(problem.detail).", errors: [problem])
        }
        guard view.status == .active else {
            let problem = Problem(pointer: "/version", detail: "is \(view.status.rawValue) and cannot be started")
            throw ProblemError(.invalid, "The version \(problem.detail).", errors: [problem])
        }
        return (view, entry)
    }
}

extension DefinitionCache.Entry {
    /// A task's input with the schema's defaults filled in.
    func checked(_ input: JSON) throws(ProblemError) -> JSON {
        let input = self.input.applyingDefaults(to: input)
        let problems = self.input.validate(input, at: "/input")
        guard problems.isEmpty else {
            throw ProblemError(.invalid, "The input does not fit the workflow: \(problems.summary).", errors: problems)
        }
        return input
    }
}
