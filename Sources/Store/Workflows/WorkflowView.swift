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
