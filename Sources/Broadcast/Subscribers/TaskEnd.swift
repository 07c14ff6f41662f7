import Workflow

/// Knows when the stream of a task has sent everything: the task is terminal, and the whole transaction that made it
/// so is sent.
package struct TaskEnd: Sendable, Hashable {
    private var status: String
    /// Up to here the status is known already.
    private var known: Int64
    /// Once this position is sent, the stream ends; nil while the task goes on.
    private var endsAt: Int64?

    /// - Parameter position: where the log stood when the task had this status.
    package init(status: String, position: Int64) {
        self.status = status
        known = position
        endsAt = Self.isTerminal(status) ? position : nil
    }

    /// Takes note of a `task_updated`.
    /// - Parameter head: where the log stood when the event was read: the rest of its transaction lies below it.
    package mutating func saw(status: String, at position: Int64, head: Int64) {
        guard position > known else { return }
        known = position
        self.status = status
        endsAt = Self.isTerminal(status) ? max(position, head) : nil
    }

    package var isInSight: Bool { endsAt != nil }

    /// The status with which the stream ends now that everything up to a position is sent.
    package func status(sentThrough position: Int64) -> String? {
        guard let endsAt, position >= endsAt else { return nil }
        return status
    }

    private static func isTerminal(_ status: String) -> Bool {
        TaskStatus(rawValue: status)?.isTerminal ?? false
    }
}
