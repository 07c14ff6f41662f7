import Workflow

extension HubState {
    /// Puts a piece of text onto the board and into the mailboxes.
    ///
    /// - Parameter seenAt: for a text that another node writes, where the log stood when it was read.
    /// - Returns: the loops to call, and whether the text's task is to be looked up.
    mutating func post(_ delta: OutputDelta, seenAt: Int64? = nil) -> (calls: [Int], isUnknown: Bool) {
        switch texts.add(delta, seenAt: seenAt) {
        case .ignored: ([], false)
        case .delivered(let piece): (post(.text(piece), tenantID: delta.tenantID), false)
        case .begun(let piece): (post(.text(piece), tenantID: delta.tenantID), logs[delta.tenantID] != nil)
        }
    }

    /// The texts in progress that a stream gets whole when it goes live. One of another node that may have ended with
    /// the last change of its task's outputs comes later, if it goes on.
    mutating func wholes(tenantID: String, filter: StreamFilter) -> [TextDelta] {
        let changes = logs[tenantID]?.outputChanges ?? OutputChanges()
        texts.oweUncertain(tenantID: tenantID, changes: changes)
        return texts.wholes(tenantID: tenantID, filter: filter, changes: changes)
    }
}
