extension Tailer {
    /// Another node has appended to these logs; nil: to any.
    package func look(at tenantIDs: Set<String>?) {
        guard let tenantIDs else { return pace.pollNow() }
        for tenantID in tenantIDs where hub.followedLog(tenantID: tenantID) != nil { wakes.wake(tenantID) }
    }

    /// Whether the other nodes' hints are heard from now on. Either way some may have been missed, so it polls.
    package func hearsHints(_ hears: Bool) {
        pace.hearsHints(hears)
    }
}
