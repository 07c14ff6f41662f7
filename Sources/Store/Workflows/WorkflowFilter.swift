/// What a list of workflows is narrowed by; nil means: not by this.
package struct WorkflowFilter: Sendable {
    package var name: String?
    package var status: WorkflowStatus?
    package var category: String?
    package var tag: String?

    package init() {}
}
