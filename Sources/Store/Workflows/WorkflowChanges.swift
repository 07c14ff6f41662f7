/// What may change in a published version; nil: not this.
package struct WorkflowChanges: Sendable {
    package var status: WorkflowStatus?
    package var isPublic: Bool?
    package var tags: [String]?
    /// `.some(nil)` takes the category away.
    package var category: String??

    package init() {}
}
