/// What a failed phase means for the task.
package enum OnFailure: String, Sendable, Hashable, Codable, CaseIterable {
    /// The phases after it are skipped and the task fails.
    case fail
    /// The phases after it run as if it had completed.
    case `continue`
}
