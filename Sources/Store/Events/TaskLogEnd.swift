/// Where a task's part of the log stands, in one snapshot.
package struct TaskLogEnd: Sendable, Hashable {
    package let head: LogHead
    package let taskStatus: String
    /// The task's last event; nil when none is retained.
    package let lastPosition: Int64?
}
