import Store

/// What the threads of a hub share; one lock guards it, and is only held to append or to take.
struct HubState: Sendable {
    var logs: [String: TenantLog] = [:]
    var texts: LiveTextBoard
    var mailboxes: [Mailbox]
    var streams = StreamCounts()
    var isDraining = false

    /// Puts a delivery into the mailbox of each loop that serves the tenant; answers the loops to call.
    mutating func post(_ delivery: Delivery, tenantID: String) -> [Int] {
        guard let log = logs[tenantID] else { return [] }
        var calls: [Int] = []
        for (loop, subscribers) in log.subscribersByLoop.enumerated() where subscribers > 0 {
            if mailboxes[loop].put(delivery) { calls.append(loop) }
        }
        return calls
    }
}
