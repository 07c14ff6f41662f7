package import Workflow

/// What a person may do to a human task.
package enum HumanTaskAction: Sendable {
    /// Takes it, so that nobody else works on it.
    case claim
    /// Answers it; the data must fit its form.
    case complete(JSON)
    /// Gives it to others, and back from whoever had claimed it; nil: to nobody in particular.
    case reassign(assigneeID: String?, assigneeGroup: String?)
    /// Closes it without an answer; its phase fails.
    case cancel

    /// As messages say it: "cannot be …".
    var participle: String {
        switch self {
        case .claim: "claimed"
        case .complete: "completed"
        case .reassign: "reassigned"
        case .cancel: "cancelled"
        }
    }
}
