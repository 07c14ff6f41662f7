/// What a client may do to a task.
package enum TaskAction: String, Sendable, CaseIterable {
    case pause, resume, cancel, retry
}
