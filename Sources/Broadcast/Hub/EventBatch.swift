/// Consecutive events of a tenant, as they reach a hub at a time.
package final class EventBatch: Sendable {
    package let tenantID: String
    package let events: [PublishedEvent]
    /// Everything up to here has been published.
    package let through: Int64
    /// Where the log stood when the events were read: a transaction with an event in here lies wholly at or below it.
    package let head: Int64

    package init(tenantID: String, events: [PublishedEvent], through: Int64, head: Int64) {
        self.tenantID = tenantID
        self.events = events
        self.through = through
        self.head = head
    }
}
