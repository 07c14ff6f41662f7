import Store
import Workflow

extension TaskEngine {
    /// Whether a draft is a judge's own, which `exclude_own` keeps from it.
    func isOwn(_ output: OutputRow, of judge: AgentDefinition) -> Bool {
        agent(output.writer["slug"]?.string).map { OwnDrafts.areOwn(writer: $0, judge: judge) } ?? false
    }
}
