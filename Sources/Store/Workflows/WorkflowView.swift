package import Foundation

/// A published version of a workflow as a client gets it, with what the answer's headers need.
package struct WorkflowView: Sendable {
    package let json: JSONText
    package let id: UUID
    package let version: String
    package let status: WorkflowStatus
    /// `updated_at`, which changes with every change of the row and so serves as its entity tag.
    package let revision: String
}

/// Whether a version can be started (`active`), and where it is shown.
package enum WorkflowStatus: String, Sendable, CaseIterable {
    case active, inactive, archived
}

/// What may change in a published version; nil: not this.
package struct WorkflowChanges: Sendable {
    package var status: WorkflowStatus?
    package var isPublic: Bool?
    package var tags: [String]?
    /// `.some(nil)` takes the category away.
    package var category: String??

    package init() {}
}

/// What a list of workflows is narrowed by; nil means: not by this.
package struct WorkflowFilter: Sendable {
    package var name: String?
    package var status: WorkflowStatus?
    package var category: String?
    package var tag: String?

    package init() {}
}
