/// Whether a version can be started (`active`), and where it is shown.
package enum WorkflowStatus: String, Sendable, CaseIterable {
    case active, inactive, archived
}
