/// What waits in a loop's mailbox.
enum Delivery: Sendable {
    case events(EventBatch)
    case text(TextDelta)
    /// The tenant's log is another one now: its subscribers start again.
    case reset(tenantID: String, ResetReason)
}
