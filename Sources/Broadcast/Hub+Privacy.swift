import Store

// A task's facts say who sees it, and are kept with events and texts in memory. When a workflow becomes public or private,
// its tenant's head says so (`LogHead.privacy`). From then on nothing that was read before is sent to those who do not see the
// whole tenant: what is kept is forgotten, and their streams end, to begin again with what they see now.

extension HubState {
    /// Notes the privacy of a head that was read.
    /// - Returns: the loops to call.
    mutating func notePrivacy(_ head: LogHead) -> [Int] {
        guard let log = logs[head.tenantID], log.epoch == head.epoch, head.privacy > log.privacy else { return [] }
        logs[head.tenantID]?.privacy = head.privacy
        logs[head.tenantID]?.ring.removeAll(through: log.published)
        texts.forgetTasks(tenantID: head.tenantID)
        return post(.privacy(tenantID: head.tenantID), tenantID: head.tenantID)
    }
}

extension LoopSubscribers {
    /// Ends the streams of a tenant whose readers do not see all of it.
    func endRestricted(_ tenant: TenantSubscribers) {
        for subscriber in tenant.subscribers where subscriber.request.isRestricted { expire(subscriber, .access) }
    }
}
