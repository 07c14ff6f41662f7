extension Tailer {
    /// Another node has appended to these logs; nil: to any.
    package func look(at tenantIDs: Set<String>?) {
        guard let tenantIDs else { return pollAlarm.ring() }
        for tenantID in tenantIDs where hub.followedLog(tenantID: tenantID) != nil { wakes.wake(tenantID) }
    }
}
